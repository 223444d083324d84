import { isDigestTag } from "../../carry/sync/named-tags.ts";
import { selectTags } from "../../carry/sync/select-tags.ts";
import type { ReplicationRule } from "../config/replication-section.ts";
import type { Metadata } from "../storage/metadata.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { readerOf } from "./replication-notes.ts";
import { setsTag } from "./serve-rule.ts";

const AT_ONCE = 1000;
/** Events that are looked through. */
const MOST = 100_000;

/** Tags that were pushed since a rule with `to` has last read the log of changes, as `repository:tag`. */
export async function pendingTags(metadata: Pick<Metadata, "cursor" | "events">, rule: ReplicationRule): Promise<readonly string[]> {
  const covers = rule.repositories.map(repositoryPattern);
  const pending = new Set<string>();
  let after = await metadata.cursor(readerOf(rule));
  for (let read = 0; read < MOST; read += AT_ONCE) {
    const events = await metadata.events({ after, limit: AT_ONCE });
    for (const { action, repository, tag } of events) {
      if (tag === undefined || isDigestTag(tag) || !(setsTag(action) || (rule.delete && action === "tag.delete"))) continue;
      if (covers.some((matches) => matches(repository)) && selectTags([tag], rule).wanted.length > 0) pending.add(`${repository}:${tag}`);
    }
    if (events.length < AT_ONCE) break;
    after = events.at(-1)!.id;
  }
  return [...pending];
}
