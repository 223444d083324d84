import { humanSize } from "../../std/human-size.ts";
import type { QuotaRule } from "../config/quota-section.ts";
import type { RoomForPushes } from "../room-for-pushes.ts";
import type { Limit } from "../storage/limits.ts";
import type { Metadata } from "../storage/metadata.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";

/**
 * The section `quota` at work. Undefined without one. What counts is decided in the transaction that adds something ({@link Limit}); what is refused before
 * saves a client the sending of what would be.
 */
export function createQuotas(rules: readonly QuotaRule[], metadata: Pick<Metadata, "usage">): RoomForPushes | undefined {
  if (rules.length === 0) return undefined;
  const limits = rules.map(limitOf);
  const limitsOf = (repository: string): readonly Limit[] => limits.filter(({ covers }) => covers(repository));
  return {
    limitsOf,
    async demandBytes(repository, bytes, digest) {
      for (const { name, covers, demandBytes } of limitsOf(repository)) {
        if (!demandBytes) continue;
        const { bytes: used, has, largest } = await metadata.usage({ name, covers }, digest);
        // What has no digest yet may be what one of the repositories has, and counts once: the end of the upload says.
        if (!has && (digest !== undefined || bytes > largest)) demandBytes(used, bytes);
      }
    },
  };
}

/** As the records call the limit of a quota. */
export function limitName(repositories: readonly string[]): string {
  return `quota of ${repositories.join(", ")}`;
}

function limitOf({ repositories, bytes, tags }: QuotaRule): Limit {
  const tests = repositories.map(repositoryPattern);
  const name = repositories.join(", ");
  return {
    name: limitName(repositories),
    patterns: repositories,
    covers: (repository) => tests.some((test) => test(repository)),
    demandBytes: bytes === undefined ? undefined : (used, added) => {
      if (used + added > bytes) throw new RegistryError("DENIED", `the quota of ${name} leaves no room for ${humanSize(added)}: ${humanSize(used)} of ${humanSize(bytes)} are used; delete images, or ask for more`);
    },
    demandTags: tags === undefined ? undefined : (used, added) => {
      if (used + added > tags) throw new RegistryError("DENIED", `the quota of ${name} is used up: ${used} of ${tags} tags; delete some, or ask for more`);
    },
  };
}
