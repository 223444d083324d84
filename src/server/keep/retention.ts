import { planRetention, type PlanOptions, type Verdict } from "../../retention/plan-retention.ts";
import { presetKeep } from "../../retention/retention-rule.ts";
import type { ServerConfig } from "../config/config-schema.ts";
import type { Metadata } from "../storage/metadata.ts";
import type { Actor } from "../storage/records.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { immutableTags, type ImmutableTags } from "../terms/immutable-tags.ts";

/** What is planned for a repository. */
export interface RepositoryPlan {
  readonly repository: string;
  readonly tags: readonly Verdict[];
}

/** What the log of changes calls the retention. */
export const RETENTION: Actor = { user: "sampan:retention", address: undefined, agent: undefined };

const NAMES_AT_ONCE = 1000;

/** The plans of all repositories that a rule is for, by name. Nothing is changed. */
export async function* planRepositories(metadata: Metadata, config: Pick<ServerConfig, "retention" | "immutable">, now: number): AsyncIterable<RepositoryPlan> {
  const options = retentionOptions(config, now);
  for (let after: string | undefined; ; ) {
    const { items, more } = await metadata.repositories({ after, limit: NAMES_AT_ONCE });
    for (const repository of items) {
      if (!options.rules.some(({ covers }) => covers(repository))) continue;
      yield { repository, tags: planRetention(repository, await metadata.tagFacts(repository), options) };
    }
    after = items.at(-1);
    if (!more) return;
  }
}

/** What the configuration says, for a plan. */
export function retentionOptions(config: Pick<ServerConfig, "retention" | "immutable">, now: number): PlanOptions {
  return { rules: namedRules(config.retention.rules), immutable: immutableTags(config.immutable), now };
}

export type Applied = "deleted" | "changed meanwhile" | "immutable";

/** Deletes exactly the tags that the plan says, each only while it names what it named when that was planned, and was not made immutable since. */
export async function applyPlan(
  metadata: Metadata,
  { repository, tags }: RepositoryPlan,
  options: { trash: number; immutable: ImmutableTags; actor: Actor; onTag: (repository: string, verdict: Verdict, outcome: Applied) => void },
): Promise<void> {
  for (const verdict of tags) {
    if (verdict.verdict !== "delete") continue;
    const { tag, digest, reason } = verdict;
    if (options.immutable(repository, tag)) {
      options.onTag(repository, verdict, "immutable");
      continue;
    }
    const done = await metadata.discardTag(repository, { tag, digest }, { actor: options.actor, reason, keepFor: options.trash });
    options.onTag(repository, verdict, done ? "deleted" : "changed meanwhile");
  }
}

/** Plans and does it. */
export async function applyRetention(metadata: Metadata, config: Pick<ServerConfig, "retention" | "immutable">): Promise<void> {
  const immutable = immutableTags(config.immutable);
  for await (const plan of planRepositories(metadata, config, Date.now())) {
    await applyPlan(metadata, plan, { trash: config.retention.trash, immutable, actor: RETENTION, onTag: () => undefined });
  }
}

function namedRules(rules: ServerConfig["retention"]["rules"]): PlanOptions["rules"] {
  return rules.map(({ repositories, tags, preset, keep }, index) => {
    const tests = repositories.map(repositoryPattern);
    return {
      rule: { repositories, tags, keep: preset === undefined ? keep! : presetKeep(preset)! },
      name: preset ?? `rule ${index + 1}`,
      covers: (repository) => tests.some((test) => test(repository)),
    };
  });
}
