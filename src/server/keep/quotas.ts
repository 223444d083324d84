import { humanSize } from "../../std/human-size.ts";
import type { QuotaRule } from "../config/quota-section.ts";
import type { RoomForPushes } from "../room-for-pushes.ts";
import type { Metadata } from "../storage/metadata.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";

/** A quota with what pushes that run have been promised of it. */
interface Quota {
  readonly rule: QuotaRule;
  readonly covers: (repository: string) => boolean;
  promised: number;
}

/** The section `quota` at work. Undefined without one. */
export function createQuotas(rules: readonly QuotaRule[], metadata: Metadata): RoomForPushes | undefined {
  if (rules.length === 0) return undefined;
  const quotas: readonly Quota[] = rules.map((rule) => {
    const tests = rule.repositories.map(repositoryPattern);
    return { rule, covers: (repository) => tests.some((test) => test(repository)), promised: 0 };
  });
  const of = (repository: string, what: "bytes" | "tags"): readonly Quota[] => quotas.filter(({ rule, covers }) => rule[what] !== undefined && covers(repository));

  return {
    async demandBytes(repository, bytes) {
      for (const quota of of(repository, "bytes")) {
        const { bytes: used } = await metadata.usage(quota.covers);
        if (used + quota.promised + bytes > quota.rule.bytes!) throw overBytes(quota.rule, used, bytes);
      }
    },

    async withBlob(repository, { digest, size }, task) {
      const concerned = of(repository, "bytes");
      // Promised before the use is read: what another push has stored meanwhile is seen in one of both.
      const asked = concerned.map((quota) => ({ quota, before: (quota.promised += size) }));
      try {
        for (const { quota, before } of asked) {
          const { bytes, has } = await metadata.usage(quota.covers, digest);
          if (!has && bytes + before > quota.rule.bytes!) throw overBytes(quota.rule, bytes, size);
        }
        return await task();
      } finally {
        for (const { quota } of asked) quota.promised -= size;
      }
    },

    async demandTags(repository, tags) {
      for (const { rule, covers } of of(repository, "tags")) {
        const added = (await Promise.all(tags.map(async (tag) => (await metadata.manifest(repository, tag)) === undefined))).filter(Boolean).length;
        if (added === 0) return;
        const { tags: used } = await metadata.usage(covers);
        if (used + added > rule.tags!) throw new RegistryError("DENIED", `the quota of ${rule.repositories.join(", ")} is used up: ${used} of ${rule.tags} tags; delete some, or ask for more`);
      }
    },
  };
}

function overBytes({ repositories, bytes }: QuotaRule, used: number, wanted: number): RegistryError {
  return new RegistryError("DENIED", `the quota of ${repositories.join(", ")} leaves no room for ${humanSize(wanted)}: ${humanSize(used)} of ${humanSize(bytes!)} are used; delete images, or ask for more`);
}
