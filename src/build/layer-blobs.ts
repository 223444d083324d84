import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { lstatSync, readdirSync, rmSync } from "node:fs";
import type { Descriptor } from "../oci/manifest.ts";
import { ociLayerType, type Codec } from "../oci/media-type.ts";
import type { Digest } from "../oci/digest.ts";
import type { BlobReport } from "../layer/blob-file.ts";
import type { packLayer } from "../layer/pack-layer.ts";
import { DEFAULT_LEVEL } from "../layer/compress.ts";
import { GrowingFile } from "../std/growing-file.ts";
import type { Store } from "../store/open-store.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { Packing } from "./packing.ts";

/** A layer of an image: the digest of its tar, and its blob where one was asked for. */
export interface PackedLayer {
  readonly diffId: Digest;
  /** Sum of the sizes of its files, in bytes. */
  readonly size: number;
  readonly blob: Descriptor | undefined;
}

/** A blob that is being written. */
export interface GrowingBlob {
  /** Can be read as it grows. */
  readonly file: GrowingFile;
  /** What it is, as soon as all of it is written. */
  readonly whole: Promise<Descriptor>;
  /** The same, when it is whole and stays where it is: in the store, or where `read` finds it. */
  readonly stored: Promise<Descriptor>;
  /** Its bytes from an offset on, for a blob that does not come into the store. */
  readonly read?: (start: number) => AsyncIterable<Uint8Array>;
}

/** Takes the blobs of layers as they are made. */
export interface BlobTaker {
  /** A blob that is being written. */
  stream(blob: GrowingBlob): void;
  /** A blob that is in the store, or one that will be and whose bytes are given. */
  add(blob: Descriptor, bytes?: Uint8Array): void;
}

type PackOptions = Parameters<typeof packLayer>[0];
type Packed = Awaited<ReturnType<typeof packLayer>>;

/**
 * The tar of a snapshot, hashed, and packed into a blob when a codec is given. What is known from before
 * is not made again: each layer is compressed once in its life. `taker` gets a blob that is made, not one that was there;
 * `onWritten` hears how much of it there is, where that takes a while.
 */
export async function packSnapshot(
  store: Store,
  snapshotId: string,
  options: { packing: Packing | undefined; signal?: AbortSignal; taker?: BlobTaker | undefined; onWritten?: (bytes: number) => void },
): Promise<PackedLayer> {
  const snapshot = store.snapshots.get(snapshotId)!;
  const { codec, level } = options.packing ?? {};
  if (snapshot.diffId !== undefined && snapshot.size !== undefined) {
    if (codec === undefined) return { diffId: snapshot.diffId, size: snapshot.size, blob: undefined };
    const blob = knownBlob(store, snapshot.diffId, codec);
    if (blob) return { diffId: snapshot.diffId, size: snapshot.size, blob };
  }
  const output = codec === undefined ? undefined : join(store.temporary, `layer-${randomUUID()}`);
  const short = isShort(snapshot.folder);
  const growing = output === undefined || short || !options.taker ? undefined : startStream(output, codec!, options.taker);
  try {
    const packed = await inWorker<PackOptions, Packed>(
      "layer/pack-layer.ts",
      "packLayer",
      {
        upper: snapshot.folder,
        lowers: snapshot.parent === undefined || snapshot.linked ? [] : store.snapshots.lowers(snapshot.parent),
        codec: codec ?? "none",
        ...(level === undefined ? {} : { level }),
        ...(output === undefined ? {} : { output }),
      },
      { ...(options.signal ? { signal: options.signal } : {}), short, onMessage: (report) => {
        growing?.report(report as BlobReport);
        if (!short) options.onWritten?.((report as BlobReport).written);
      } },
    );
    // A layer that was unpacked here stays what it was, even if its files make another tar.
    store.snapshots.describe(snapshotId, { diffId: snapshot.diffId ?? packed.diffId, size: packed.size });
    if (codec === undefined || output === undefined) return { diffId: packed.diffId, size: packed.size, blob: undefined };
    store.blobs.adopt(output, packed.digest!, packed.blobSize!);
    const blob = { mediaType: ociLayerType(codec), digest: packed.digest!, size: packed.blobSize! };
    store.layers.remember({ diffId: packed.diffId, ...blob, codec, level: level ?? DEFAULT_LEVEL[codec] });
    if (growing) growing.finish(blob, store.blobs.path(blob.digest));
    else options.taker?.add(blob);
    return { diffId: packed.diffId, size: packed.size, blob };
  } catch (error) {
    growing?.fail(error);
    throw error;
  } finally {
    if (output !== undefined) rmSync(output, { force: true });
  }
}

/** Hands a blob on while a worker writes it; what the worker reports and how it ends is to be told. */
export function startStream(
  output: string, codec: Codec, taker: BlobTaker, read?: GrowingBlob["read"],
): { report(report: BlobReport): void; finish(blob: Descriptor, path: string): void; fail(error: unknown): void } {
  const file = new GrowingFile(output);
  const [whole, stored] = [Promise.withResolvers<Descriptor>(), Promise.withResolvers<Descriptor>()];
  for (const { promise } of [whole, stored]) promise.catch(() => undefined); // who packs throws it
  taker.stream({ file, whole: whole.promise, stored: stored.promise, ...(read ? { read } : {}) });
  return {
    report({ written, digest }) {
      file.grown(written);
      if (digest === undefined) return;
      file.end();
      whole.resolve({ mediaType: ociLayerType(codec), digest, size: written });
    },
    finish(blob, path) {
      file.moved(path);
      stored.resolve(blob);
    },
    fail(error) {
      file.fail(error);
      whole.reject(error);
      stored.reject(error);
    },
  };
}

/** A layer of so many entries and bytes is packed sooner than a worker is started. */
const SHORT_ENTRIES = 200;
const SHORT_BYTES = 1024 * 1024;

function isShort(folder: string): boolean {
  let [entries, bytes] = [0, 0];
  for (const pending = [folder]; pending.length > 0; ) {
    const directory = pending.pop()!;
    for (const item of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, item.name);
      if (item.isDirectory()) pending.push(path);
      else if (item.isFile()) bytes += lstatSync(path).size;
      if (++entries > SHORT_ENTRIES || bytes > SHORT_BYTES) return false;
    }
  }
  return true;
}

/** The blob of a layer that is in the store already, in that codec. */
export function knownBlob(store: Store, diffId: Digest, codec?: Codec): Descriptor | undefined {
  const known = store.layers.find(diffId, codec === undefined ? {} : { codec });
  if (!known || !store.blobs.has(known.digest)) return undefined;
  return { mediaType: known.mediaType, digest: known.digest, size: known.size };
}
