import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestAlgorithm, digestHex, isDigest, type Digest } from "../../../oci/digest.ts";
import { isTag } from "../../../oci/reference.ts";
import { isAbsence } from "./is-absence.ts";
import { findRepositories, namesIn } from "./repository-folders.ts";

/** Where docker-registry keeps everything below its root directory. */
export const DISTRIBUTION_BASE = "docker/registry/v2";

/** A repository of distribution's folder layout; times are those of its link files, in milliseconds since the epoch. */
export interface DistributionRepository {
  readonly name: string;
  readonly layers: readonly Dated[];
  readonly manifests: readonly Dated[];
  readonly tags: readonly (Dated & { readonly name: string })[];
}

interface Dated {
  readonly digest: Digest;
  readonly at: number;
}

/** The file that holds the bytes of a blob or manifest. */
export function distributionBlob(base: string, digest: Digest): string {
  const hex = digestHex(digest);
  return join(base, "blobs", digestAlgorithm(digest), hex.slice(0, 2), hex, "data");
}

/**
 * Reads the link files of distribution's `filesystem` driver: `_layers/<algorithm>/<hex>/link`, `_manifests/revisions/…/link` and
 * `_manifests/tags/<tag>/current/link`, each with a digest. What was deleted there has no link file any more.
 */
export async function* readDistribution(base: string): AsyncIterable<DistributionRepository> {
  for await (const name of findRepositories(join(base, "repositories"), ["_manifests", "_layers"])) {
    const folder = join(base, "repositories", name);
    const tags: (Dated & { name: string })[] = [];
    for (const tag of await namesIn(join(folder, "_manifests/tags"))) {
      const link = isTag(tag) ? await readLink(join(folder, "_manifests/tags", tag, "current/link")) : undefined;
      if (link) tags.push({ name: tag, ...link });
    }
    yield { name, layers: await readLinks(join(folder, "_layers")), manifests: await readLinks(join(folder, "_manifests/revisions")), tags };
  }
}

async function readLinks(folder: string): Promise<Dated[]> {
  const links: Dated[] = [];
  for (const algorithm of await namesIn(folder)) {
    for (const hex of await namesIn(join(folder, algorithm))) {
      const link = await readLink(join(folder, algorithm, hex, "link"));
      if (link?.digest === `${algorithm}:${hex}`) links.push(link);
    }
  }
  return links;
}

async function readLink(path: string): Promise<Dated | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    const digest = text.trim();
    return isDigest(digest) ? { digest, at: Math.floor(mtimeMs) } : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
