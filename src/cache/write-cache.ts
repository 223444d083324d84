import type { Sink, Source } from "../carry/place.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { serializeManifest, type Descriptor } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import type { BlobArrival } from "../registry/transfer/push-image.ts";
import { together } from "../registry/transfer/together.ts";
import { reportBlob } from "../registry/transfer/transfer-progress.ts";
import type { OnProgress } from "../std/progress.ts";
import { Semaphore } from "../std/semaphore.ts";
import { CACHE_TYPE, serializeCache, type CacheDocument } from "./cache-document.ts";
import { once } from "../std/once.ts";

/** The manifest of a cache: an image manifest, or what builders wrote before, an index of blobs. */
export interface CacheForm {
  readonly imageManifest: boolean;
  readonly ociMediaTypes: boolean;
}

/** A cache, ready to be written. */
export interface PackedCache {
  readonly manifest: { readonly bytes: Uint8Array; readonly mediaType: string; readonly digest: Digest };
  readonly config: { readonly bytes: Uint8Array; readonly descriptor: Descriptor };
  readonly layers: readonly Descriptor[];
}

/** @param extra small blobs that go with it */
export function packCache(cache: CacheDocument, extra: readonly Descriptor[], form: CacheForm): PackedCache {
  return packDocument({ type: CACHE_TYPE, bytes: serializeCache(cache) }, cache.layers.map(({ blob }) => blob), { ...form, extra });
}

/** A config of any kind with its layers, each once. */
export function packDocument(config: { readonly type: string; readonly bytes: Uint8Array }, blobs: readonly Descriptor[], form: CacheForm & { readonly extra?: readonly Descriptor[] }): PackedCache {
  const { bytes } = config;
  const { extra = [] } = form;
  const descriptor: Descriptor = { mediaType: config.type, digest: sha256(bytes), size: bytes.length };
  const layers = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const type = form.imageManifest ? mediaType.ociManifest : form.ociMediaTypes ? mediaType.ociIndex : mediaType.dockerList;
  const head = { schemaVersion: 2, mediaType: type } as const;
  const manifest = serializeManifest(form.imageManifest ? { ...head, config: descriptor, layers: [...layers, ...extra] } : { ...head, manifests: [...layers, ...extra, descriptor] });
  return { manifest: { bytes: manifest, mediaType: type, digest: sha256(manifest) }, config: { bytes, descriptor }, layers };
}

export interface WriteOptions {
  readonly step: string;
  readonly onProgress: OnProgress;
  /** Layers that are on their way there already. */
  readonly underWay: ReadonlyMap<Digest, Promise<BlobArrival>>;
  /** The bytes of a layer from an offset on; called for those that the sink lacks. */
  readonly open: (blob: Descriptor) => Promise<(start: number) => AsyncIterable<Uint8Array>>;
  /** Repositories of the sink's host that hold a layer. */
  readonly mountFrom: (blob: Descriptor) => readonly NonNullable<Source["repository"]>[];
  readonly signal: AbortSignal;
}

/** Small blobs in memory, written beside the layers. */
export type SmallBlobs = readonly { readonly bytes: Uint8Array; readonly descriptor: Descriptor }[];

/** Layers at once. */
const LANES = 5;

/** Writes a cache: what the sink lacks of its layers, then its config, and its manifest last. */
export async function writeCache(sink: Sink, cache: PackedCache, small: SmallBlobs, options: WriteOptions): Promise<void> {
  const lanes = new Semaphore(sink.lanes ?? LANES);
  const writeLayer = async (blob: Descriptor, signal: AbortSignal): Promise<void> => {
    const progress = reportBlob(options.onProgress, options.step, "pushing", blob);
    const arrival = await options.underWay.get(blob.digest)?.catch(() => undefined);
    if (arrival) return progress.done(arrival === "exists" ? "exists" : "pushing");
    if (await sink.blobHas(blob, signal)) return progress.done("exists");
    for (const place of options.mountFrom(blob)) if (await sink.blobMount?.(blob, place, signal)) return progress.done("mounted");
    const open = await options.open(blob);
    await sink.blobPut(blob, open, { onBytes: progress.advance, signal });
    progress.done();
  };
  const writeSmall = async ({ bytes, descriptor }: SmallBlobs[number], signal: AbortSignal): Promise<void> => {
    if (!(await sink.blobHas(descriptor, signal))) await sink.blobPut(descriptor, (start) => once(bytes.subarray(start)), { onBytes: () => undefined, signal });
  };
  await together([
    ...cache.layers.map((blob) => (signal: AbortSignal) => lanes.run(() => writeLayer(blob, signal), signal)),
    ...[...small, cache.config].map((blob) => (signal: AbortSignal) => lanes.run(() => writeSmall(blob, signal), signal)),
  ], options.signal);
  const { bytes, mediaType: type, digest } = cache.manifest;
  await sink.finish({ bytes, mediaType: type, digest }, { signal: options.signal });
}
