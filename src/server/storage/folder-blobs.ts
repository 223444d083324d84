import { open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestAlgorithm, digestHex, type Digest } from "../../oci/digest.ts";
import { makeFolders, syncFolder, unlinkDurably } from "./durable-file.ts";
import type { BlobStorage } from "./storage.ts";

const READ_SIZE = 512 * 1024;

/** Blobs as files `blobs/<algorithm>/<first two digits>/<hex>`. */
export interface FolderBlobs extends BlobStorage {
  /** Takes a finished file of that content over; it must be fsynced already. Gone afterwards either way. */
  adopt(file: string, digest: Digest): Promise<void>;
}

export function createFolderBlobs(root: string): FolderBlobs {
  const path = (digest: Digest): string => {
    const hex = digestHex(digest);
    return join(root, digestAlgorithm(digest), hex.slice(0, 2), hex);
  };
  return {
    async size(digest) {
      try {
        return (await stat(path(digest))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },

    async *read(digest, { start, end }) {
      const handle = await open(path(digest), "r");
      try {
        // Two buffers: the next part is read while the caller sends the last one.
        const length = Math.max(1, Math.min(READ_SIZE, end - start + 1));
        let [current, ahead] = [Buffer.allocUnsafeSlow(length), Buffer.allocUnsafeSlow(length)];
        const fill = (buffer: Buffer, position: number) =>
          handle.read(buffer, 0, Math.min(length, end + 1 - position), position).then(({ bytesRead }) => bytesRead);
        let position = start;
        let pending = position <= end ? fill(current, position) : undefined;
        while (pending) {
          const count = await pending;
          if (count === 0) throw new Error(`${digest} is shorter than it was`);
          position += count;
          const part = current.subarray(0, count);
          [current, ahead] = [ahead, current];
          pending = position <= end ? fill(current, position) : undefined;
          pending?.catch(() => undefined); // awaited in the next round, or dropped when the caller leaves
          yield part;
        }
      } finally {
        await handle.close();
      }
    },

    async delete(digest) {
      await unlinkDurably(path(digest));
    },

    async adopt(file, digest) {
      const target = path(digest);
      try {
        await rename(file, target);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        await makeFolders(root, dirname(target));
        await rename(file, target);
      } finally {
        await rm(file, { force: true });
      }
      await syncFolder(dirname(target));
    },
  };
}
