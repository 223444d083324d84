import type { QuotaRule } from "../config/quota-section.ts";
import type { Metadata } from "../storage/metadata.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";
import { limitName } from "./quotas.ts";

/** What some repositories use together. */
export interface UsageLine {
  /** A namespace as a pattern, or the patterns of a quota. */
  readonly repositories: string;
  readonly bytes: number;
  readonly tags: number;
  readonly quota?: { readonly bytes?: number | undefined; readonly tags?: number | undefined };
}

const NAMES_AT_ONCE = 1000;

/** The use of each namespace by its name, and then of each quota. */
export async function readUsage(metadata: Metadata, quotas: readonly QuotaRule[]): Promise<readonly UsageLine[]> {
  const namespaces = new Set<string>();
  for (let after: string | undefined; ; ) {
    const { items, more } = await metadata.repositories({ after, limit: NAMES_AT_ONCE });
    for (const name of items) namespaces.add(name.includes("/") ? `${name.slice(0, name.indexOf("/"))}/**` : name);
    after = items.at(-1);
    if (!more) break;
  }
  const lines: UsageLine[] = [];
  for (const namespace of [...namespaces].sort()) {
    const beginning = namespace.slice(0, -2);
    const { bytes, tags } = await metadata.usage({ covers: (name) => (namespace.endsWith("/**") ? name.startsWith(beginning) : name === namespace) });
    lines.push({ repositories: namespace, bytes, tags });
  }
  for (const { repositories, ...quota } of quotas) {
    const tests = repositories.map(repositoryPattern);
    const { bytes, tags } = await metadata.usage({ name: limitName(repositories), covers: (name) => tests.some((test) => test(name)) });
    lines.push({ repositories: repositories.join(", "), bytes, tags, quota });
  }
  return lines;
}
