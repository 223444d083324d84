import { digestAlgorithm, type Digest } from "../../oci/digest.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { ArrivingBlob } from "../pull-through.ts";
import type { Upload } from "../storage/blob-storage.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { MIRROR } from "./proxied.ts";

/** Bytes that a client gets at once. */
const PIECE = 256 * 1024;

/**
 * Stores a blob while it comes. Clients read along from where it is written, each as fast as it can, and in no memory but a piece; what
 * they read is as long as the blob only when it was verified and stored.
 */
export async function receiveBlob(
  storage: RegistryStorage,
  blob: { readonly repository: string; readonly digest: Digest; readonly host: string; readonly open: () => Promise<{ readonly size: number; readonly bytes: AsyncIterable<Uint8Array> }> },
): Promise<ArrivingBlob> {
  const { repository, digest, host } = blob;
  const upload = await storage.blobs.uploads.create(repository, digestAlgorithm(digest));
  if (!upload) throw new RegistryError("TOOMANYREQUESTS", "too many uploads are open", { headers: { "Retry-After": "10" } });
  // Opened last: what is opened is read.
  const { size, bytes: source } = await blob.open().catch(async (error: unknown) => {
    await upload.cancel();
    throw error;
  });
  let next = Promise.withResolvers<void>();
  let ended = false;
  const wake = (): void => {
    next.resolve();
    next = Promise.withResolvers();
  };
  const stored = store(storage, upload, announced(source, wake)).finally(() => {
    ended = true;
    wake();
  });
  stored.catch(() => undefined); // for whoever waits for it

  async function* read(): AsyncIterable<Uint8Array> {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, size));
    let position = 0;
    while (!ended) {
      const progress = next.promise;
      // The last byte is held back: an answer that has all of them has ended well.
      const count = await upload!.read(position, piece.subarray(0, Math.max(0, Math.min(PIECE, size - 1 - position))));
      if (count === 0) await progress;
      else yield piece.subarray(0, count);
      position += count;
    }
    await stored;
    if (position >= size) return;
    const rest = await storage.blobs.read(digest, { start: position, end: size - 1 });
    if (!rest) throw new Error(`the bytes of ${repository}@${digest} are gone`);
    yield* rest;
  }

  return { size, stored, read };

  async function store(into: RegistryStorage, session: Upload, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const outcome = await session.exclusively(async () => {
      try {
        await session.append(bytes, size);
        if (session.size !== size) throw fault("BLOB_TRUNCATED", { host, digest, expected: size, received: session.size });
        if (!(await session.verify(digest))) throw new RegistryError("UPSTREAM_FAILED", `the registry behind this repository, ${host}, sent other bytes than those of ${digest}`);
        await into.keepBlob(session, digest, MIRROR);
      } catch (error) {
        if (!isFault(error) || error.code === "DISK_FULL") throw error;
        throw new RegistryError("UPSTREAM_FAILED", `the registry behind this repository did not send the blob: ${error.message}`, { cause: error });
      } finally {
        await session.cancel();
      }
    });
    if (outcome !== "done") throw new Error(`the fetch of ${digest} was ended`);
  }
}

async function* announced(bytes: AsyncIterable<Uint8Array>, wake: () => void): AsyncIterable<Uint8Array> {
  for await (const chunk of bytes) {
    yield chunk;
    wake();
  }
}
