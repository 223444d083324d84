import type { Metadata } from "../storage/metadata.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import { MIRROR } from "./proxied.ts";
import type { CompiledRule } from "./proxy-rules.ts";

const AT_ONCE = 500;

/** Drops tags of mirrored repositories that nobody pulled for the time that their rule says, and images that no tag leads to. The collector does the rest. */
export async function dropUnused(metadata: Metadata, options: { ruleOf: (repository: string) => CompiledRule | undefined; immutable: ImmutableTags; now: number }): Promise<void> {
  const { ruleOf, immutable, now } = options;
  for (let after: string | undefined; ; ) {
    const { items, more } = await metadata.repositories({ after, limit: AT_ONCE });
    for (const repository of items) {
      const keep = ruleOf(repository)?.rule.keep ?? 0;
      if (keep === 0) continue;
      const before = now - keep;
      for (const { tag, pushedAt, pulledAt } of await metadata.tagFacts(repository)) {
        if (Math.max(pushedAt, pulledAt ?? 0) < before && !immutable(repository, tag)) await metadata.deleteTag(repository, tag, MIRROR);
      }
      while ((await metadata.collectManifests(repository, { before, limit: AT_ONCE, actor: MIRROR })).length === AT_ONCE);
    }
    after = items.at(-1);
    if (!more) return;
  }
}
