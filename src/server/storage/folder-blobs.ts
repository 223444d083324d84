import { mkdirSync } from "node:fs";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestAlgorithm, digestHex, type Digest } from "../../oci/digest.ts";
import { createBufferPool } from "./buffer-pool.ts";
import { createByteCache } from "./byte-cache.ts";
import { syncFolder, unlinkDurably } from "./durable-file.ts";
import type { BlobStorage } from "./storage.ts";

const READ_SIZE = 512 * 1024;
/** Buffers kept between reads: 8 MiB. */
const POOLED = 16;
/** Blobs up to this size, image configs above all, are answered from memory. */
const SMALL = 64 * 1024;
const SMALL_CACHE = 16 * 1024 * 1024;
const SIZES = 100_000;

/** Blobs as files `blobs/<algorithm>/<hex>`. */
export interface FolderBlobs extends BlobStorage {
  /** Takes a finished file of that content over; it must be fsynced already. Durable after {@link sync}. */
  adopt(file: string, digest: Digest): Promise<void>;
  /** Makes the names of adopted blobs durable. */
  sync(digest: Digest): Promise<void>;
}

export function createFolderBlobs(root: string): FolderBlobs {
  const sizes = new Map<Digest, number>();
  const small = createByteCache(SMALL_CACHE);
  const pool = createBufferPool(READ_SIZE, POOLED);
  for (const algorithm of ["sha256", "sha512"]) mkdirSync(join(root, algorithm), { recursive: true });
  const path = (digest: Digest): string => join(root, digestAlgorithm(digest), digestHex(digest));

  const remember = (digest: Digest, size: number): number => {
    if (sizes.size >= SIZES) sizes.delete(sizes.keys().next().value!);
    sizes.set(digest, size);
    return size;
  };

  return {
    async size(digest) {
      const known = sizes.get(digest);
      if (known !== undefined) return known;
      try {
        return remember(digest, (await stat(path(digest))).size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },

    async *read(digest, { start, end }) {
      if (end < SMALL && (sizes.get(digest) ?? Number.POSITIVE_INFINITY) <= SMALL) {
        let bytes = small.get(digest);
        if (!bytes) small.set(digest, (bytes = await readFile(path(digest))));
        yield bytes.subarray(start, end + 1);
        return;
      }
      const handle = await open(path(digest), "r");
      // Two buffers: the next part is read while the caller sends the last one.
      const [first, second] = [pool.take(), pool.take()];
      let pending: Promise<number> | undefined;
      try {
        let [current, ahead] = [first, second];
        let position = start;
        const fill = async (): Promise<number> => (await handle.read(ahead, 0, Math.min(READ_SIZE, end + 1 - position), position)).bytesRead;
        pending = position <= end ? fill() : undefined;
        while (pending) {
          const count = await pending;
          if (count === 0) throw new Error(`${digest} is shorter than it was`);
          position += count;
          [current, ahead] = [ahead, current];
          pending = position <= end ? fill() : undefined;
          pending?.catch(() => undefined); // awaited in the next round, or below when the caller leaves
          yield current.subarray(0, count);
        }
      } finally {
        await pending?.catch(() => undefined);
        pool.giveBack(first);
        pool.giveBack(second);
        await handle.close();
      }
    },

    async delete(digest) {
      sizes.delete(digest);
      small.delete(digest);
      await unlinkDurably(path(digest));
    },

    async adopt(file, digest) {
      try {
        await rename(file, path(digest));
      } finally {
        await rm(file, { force: true });
      }
    },
    sync: (digest) => syncFolder(dirname(path(digest))),
  };
}
