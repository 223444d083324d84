import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { open, opendir, readFile, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { digestAlgorithm, digestHex, isDigest, type Digest } from "../../../oci/digest.ts";
import type { BlobStorage } from "../blob-storage.ts";
import { createBoundedCache } from "../bounded-cache.ts";
import type { Carriers } from "../carrier/carriers.ts";
import { createBufferPool } from "./buffer-pool.ts";
import { renameDurably } from "./durable-file.ts";
import type { AdoptFile } from "./uploads.ts";
import { once } from "../../../std/once.ts";

const READ_SIZE = 512 * 1024;
/** Buffers kept between reads: 4 MiB. */
const POOLED = 8;
/** Blobs up to this size, image configs above all, are answered from memory. */
const SMALL = 64 * 1024;
const SMALL_CACHE = 4 * 1024 * 1024;
const SIZES = 30_000;
const ALGORITHMS = ["sha256", "sha512"] as const;

/** Blobs as files `<algorithm>/<hex>`. */
export interface FolderBlobs extends Omit<BlobStorage, "uploads"> {
  readonly adopt: AdoptFile;
}

/** @param temporary on the same file system; whoever empties it removes nothing of value */
export function createFolderBlobs(root: string, temporary: string, carriers?: Carriers): FolderBlobs {
  const sizes = new Map<Digest, number>();
  const small = createBoundedCache<Uint8Array>(SMALL_CACHE);
  const pool = createBufferPool(READ_SIZE, POOLED);
  for (const folder of [...ALGORITHMS.map((algorithm) => join(root, algorithm)), temporary]) mkdirSync(folder, { recursive: true });
  const fileOf = (digest: Digest): string => join(digestAlgorithm(digest), digestHex(digest));
  const path = (digest: Digest): string => join(root, fileOf(digest));

  const remember = (digest: Digest, size: number): number => {
    if (sizes.size >= SIZES) sizes.delete(sizes.keys().next().value!);
    sizes.set(digest, size);
    return size;
  };
  const forget = (digest: Digest): void => {
    sizes.delete(digest);
    small.delete(digest);
  };

  return {
    fileOf,

    async size(digest, options) {
      const known = options?.fresh ? undefined : sizes.get(digest);
      if (known !== undefined) return known;
      // A server asks freshly for what it has just written or named, which the kernel has in memory: the way to another thread would take longer.
      const found = options?.fresh ? statSync(path(digest), { throwIfNoEntry: false }) : await unlessMissing(stat(path(digest)));
      if (!found) return void forget(digest);
      return remember(digest, found.size);
    },

    async read(digest, range) {
      if (range.end < SMALL && (sizes.get(digest) ?? Number.POSITIVE_INFINITY) <= SMALL) {
        let bytes = small.get(digest);
        if (!bytes) {
          bytes = await unlessMissing(readFile(path(digest)));
          if (!bytes || bytes.length <= range.end) return void forget(digest);
          small.set(digest, bytes, bytes.length);
        }
        return once(bytes.subarray(range.start, range.end + 1));
      }
      const handle = await openUpTo(digest, range.end);
      return handle && readFrom(handle, range);
    },

    async sender(length) {
      const carrier = await carriers?.sender(length);
      return carrier && (async (digest, range) => {
        const handle = await openUpTo(digest, range.end);
        return handle && (async (socket) => {
          try {
            return (await carrier.carry(socket, { kind: "send", file: handle.fd, position: range.start, length: range.end + 1 - range.start })).moved;
          } finally {
            await handle.close();
          }
        });
      });
    },

    removal(digest) {
      const aside = join(temporary, `${randomBytes(12).toString("hex")}.removed`);
      return {
        takeAway() {
          forget(digest);
          try {
            renameSync(path(digest), aside);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
          }
        },
        free: () => rm(aside, { force: true }),
      };
    },

    async *list() {
      for (const algorithm of ALGORITHMS) {
        for await (const { name } of await opendir(join(root, algorithm))) {
          const digest = `${algorithm}:${name}`;
          const found = isDigest(digest) ? await unlessMissing(stat(path(digest))) : undefined;
          // A renaming sets the time of change.
          if (found) yield { digest: digest as Digest, size: found.size, changed: found.ctimeMs };
        }
      }
    },

    async adopt(handle, file, digest) {
      forget(digest);
      await renameDurably(handle, file, path(digest));
    },
  };

  /** The file, where it reaches beyond that byte. */
  async function openUpTo(digest: Digest, end: number): Promise<FileHandle | undefined> {
    const handle = await unlessMissing(open(path(digest), "r"));
    if (handle && (await handle.stat()).size > end) return handle;
    await handle?.close();
    forget(digest);
    return undefined;
  }

  async function* readFrom(handle: FileHandle, { start, end }: { start: number; end: number }): AsyncIterable<Uint8Array> {
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
        if (count === 0) throw new Error("a blob's file is shorter than it was");
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
  }
}

async function unlessMissing<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
