import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { dirname, join } from "node:path";
import { digestAlgorithm, type Digest } from "../../../oci/digest.ts";
import type { BlobStorage } from "../blob-storage.ts";
import { syncFolder } from "../folder/durable-file.ts";
import { placeFile } from "../folder/place-file.ts";
import type { BlobRow } from "../metadata.ts";
import type { OpenedFolder } from "./open-beside.ts";

/** Blobs on their way at once. */
const AT_ONCE = 4;

export interface MoveTarget {
  readonly root: string;
  readonly blobs: BlobStorage;
}

export interface MovedBlobs {
  /** Blobs that were copied, and their bytes; each was compared with its digest. */
  copied: number;
  bytes: number;
  /** Blobs that an earlier attempt has copied. */
  present: number;
  /** What has no bytes in the source any more, or others. */
  readonly damaged: { readonly digest: Digest; readonly problem: string }[];
}

/**
 * Copies the bytes of blobs that are not there yet. Each is compared with its digest on its way; one that differs is left out. What
 * lies in files at both ends on the same file system gets a second name instead, once it was read.
 */
export async function moveBlobs(source: OpenedFolder, target: MoveTarget, blobs: AsyncIterable<BlobRow>, options: { copy: boolean; signal?: AbortSignal | undefined; onBlob?: (size: number) => void }): Promise<MovedBlobs> {
  const moved: MovedBlobs = { copied: 0, bytes: 0, present: 0, damaged: [] };
  const running = new Set<Promise<void>>();
  const folders = new Set<string>();
  let failed: { error: unknown } | undefined;
  const moveOne = async ({ digest, size }: BlobRow): Promise<void> => {
    options.signal?.throwIfAborted();
    if ((await target.blobs.size(digest, { fresh: true })) === size) {
      moved.present += 1;
    } else {
      const [from, to] = [fileIn(source.root, source.files, digest), fileIn(target.root, target.blobs, digest)];
      const problem = from !== undefined && to !== undefined
        ? await placeVerified(digest, { from, to, copy: options.copy, temporary: join(target.root, "temporary") })
        : await stream(source, target, { digest, size }, options.signal);
      if (to !== undefined) folders.add(dirname(to));
      if (problem !== undefined) {
        moved.damaged.push({ digest, problem });
        return;
      }
      moved.copied += 1;
      moved.bytes += size;
    }
    options.onBlob?.(size);
  };
  for await (const blob of blobs) {
    if (failed) break;
    if (blob.state === "deleting") continue;
    const run = moveOne(blob).catch((error: unknown) => void (failed ??= { error })).finally(() => running.delete(run));
    running.add(run);
    if (running.size >= AT_ONCE) await Promise.race(running);
  }
  await Promise.all(running);
  for (const folder of folders) await syncFolder(folder);
  if (failed) throw failed.error;
  return moved;
}

function fileIn(root: string, blobs: Pick<BlobStorage, "fileOf">, digest: Digest): string | undefined {
  const file = blobs.fileOf?.(digest);
  return file === undefined ? undefined : join(root, "blobs", file);
}

const LOST = "has lost its bytes";
const OTHER = "has other bytes than its digest says";

async function placeVerified(digest: Digest, { from, to, ...options }: { from: string; to: string; copy: boolean; temporary: string }): Promise<string | undefined> {
  const hash = createHash(digestAlgorithm(digest));
  try {
    for await (const chunk of createReadStream(from)) hash.update(chunk as Uint8Array);
    if (`${digestAlgorithm(digest)}:${hash.digest("hex")}` !== digest) return OTHER;
    await placeFile(from, to, options);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return LOST;
    throw error;
  }
}

/** @returns what is wrong with the bytes */
async function stream({ files }: OpenedFolder, { blobs: { uploads } }: MoveTarget, { digest, size }: Pick<BlobRow, "digest" | "size">, signal: AbortSignal | undefined): Promise<string | undefined> {
  const bytes = await files.read(digest, { start: 0, end: size - 1 });
  if (!bytes) return LOST;
  const upload = (await uploads.create("migration", digestAlgorithm(digest)))!;
  let problem: string | undefined;
  try {
    const outcome = await upload.exclusively(async () => {
      await upload.append(copies(bytes, signal));
      if (await upload.verify(digest)) await upload.store(digest);
      else problem = OTHER;
    });
    if (outcome !== "done") throw new Error("an upload ended while it was written");
  } finally {
    await upload.cancel();
  }
  return problem;
}

/** Readers use their memory again, and uploads keep what they were given until it is written. */
async function* copies(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    yield Buffer.from(chunk);
  }
}
