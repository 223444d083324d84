import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isDigest, type Digest } from "../../../oci/digest.ts";
import { isTag } from "../../../oci/reference.ts";
import { findRepositories, namesIn } from "./repository-folders.ts";

const ALGORITHMS = ["sha256", "sha512"] as const;
/** Files read at once. */
const PARALLEL = 64;

/** The records of one repository, with the times of their files in milliseconds since the epoch. */
export interface LinkedRepository {
  readonly name: string;
  readonly blobs: readonly Digest[];
  readonly manifests: readonly { readonly digest: Digest; readonly bytes: Uint8Array; readonly at: number }[];
  readonly tags: readonly { readonly name: string; readonly digest: Digest; readonly at: number }[];
}

/**
 * Reads the repositories of layout version 1. A repository's own folders start with `_`, which no name component may, so that
 * repositories nest: `_blobs/<algorithm>/<hex>` (empty), `_manifests/<algorithm>/<hex>` (the bytes), `_tags/<tag>` (a digest).
 */
export async function* readLinkFiles(base: string): AsyncIterable<LinkedRepository> {
  for await (const name of findRepositories(base, ["_tags"])) {
    const folder = join(base, name);
    const blobs: Digest[] = [];
    const manifests: { digest: Digest; bytes: Uint8Array; at: number }[] = [];
    for (const algorithm of ALGORITHMS) {
      for (const hex of await namesIn(join(folder, "_blobs", algorithm))) {
        const digest = `${algorithm}:${hex}`;
        if (isDigest(digest)) blobs.push(digest);
      }
      await inParallel(await namesIn(join(folder, "_manifests", algorithm)), async (hex) => {
        const digest = `${algorithm}:${hex}`;
        if (isDigest(digest)) manifests.push({ digest, ...(await readDated(join(folder, "_manifests", algorithm, hex))) });
      });
    }
    const tags: { name: string; digest: Digest; at: number }[] = [];
    await inParallel(await namesIn(join(folder, "_tags")), async (tag) => {
      const { bytes, at } = await readDated(join(folder, "_tags", tag));
      const digest = bytes.toString().trim();
      if (isTag(tag) && isDigest(digest)) tags.push({ name: tag, digest, at });
    });
    yield { name, blobs, manifests, tags };
  }
}

async function readDated(path: string): Promise<{ bytes: Buffer; at: number }> {
  const [bytes, { mtimeMs }] = await Promise.all([readFile(path), stat(path)]);
  return { bytes, at: Math.floor(mtimeMs) };
}

async function inParallel<Item>(items: readonly Item[], task: (item: Item) => Promise<void>): Promise<void> {
  for (let index = 0; index < items.length; index += PARALLEL) await Promise.all(items.slice(index, index + PARALLEL).map(task));
}
