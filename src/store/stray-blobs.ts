import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDigest, type Digest } from "../oci/digest.ts";
import type { RemovalPlace } from "./removal.ts";

export interface StrayBlob {
  readonly path: string;
  /** What its name says it is; nothing where the name is none that a blob has. */
  readonly digest?: Digest;
}

/**
 * Files in the folders of blobs that belong to no blob. Blobs are renamed into place in one transaction with their rows, so this is what a kill
 * between the two left, or what the database lost. To be called in a transaction.
 */
export function strayBlobs({ database, blobs }: RemovalPlace): StrayBlob[] {
  const known = new Set(database.all<{ digest: string }>("SELECT digest FROM blob").map(({ digest }) => digest));
  return (["sha256", "sha512"] as const).flatMap((algorithm) => {
    const folder = dirname(blobs.path(`${algorithm}:0`));
    return namesIn(folder).map((name) => ({ path: join(folder, name), digest: `${algorithm}:${name}` }))
      .filter(({ digest }) => !known.has(digest))
      .map(({ path, digest }) => (isDigest(digest) ? { path, digest } : { path }));
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
