import { fault, isFault, type Fault } from "../../std/fault.ts";
import type { OnProgress } from "../../std/progress.ts";
import { Semaphore } from "../../std/semaphore.ts";
import type { Digest } from "../../oci/digest.ts";
import { parseImageConfig } from "../../oci/image-config.ts";
import { parseManifest, type Descriptor } from "../../oci/manifest.ts";
import { isIndex, isManifest } from "../../oci/media-type.ts";
import { formatPlatform, platformMatches, type Platform } from "../../oci/platform.ts";
import { familiarReference, formatReference, type Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../client.ts";
import type { RemoteManifest } from "../requests/manifest-requests.ts";
import { together } from "./together.ts";
import { reportBlob } from "./transfer-progress.ts";

/** Where pulled layers go; the store's blobs are one. */
export interface BlobTarget {
  /** Whether it has done with a chunk when it asks for the one after the next, so that its memory may be used again. */
  readonly borrows?: boolean;
  has(digest: Digest): boolean;
  /**
   * Keeps a blob and tells the digest of what it wrote. Rejects, and keeps nothing, when the source does or when the
   * content is not what `digest` and `size` promise (BLOB_MISMATCH): it is hashed once, here.
   */
  write(source: AsyncIterable<Uint8Array>, options: { digest?: Digest; size?: number; signal?: AbortSignal }): Promise<{ digest: Digest }>;
  /**
   * The same for a target that keeps what was interrupted: `open` gives the bytes behind what it has of the blob already.
   * What it has need not be right: when that shows, it calls `open` again, with 0.
   */
  resume?(
    open: (start: number) => AsyncIterable<Uint8Array>, options: { digest: Digest; size: number; signal?: AbortSignal },
  ): Promise<{ digest: Digest; start: number }>;
}

export interface PulledImage {
  readonly reference: Reference;
  /** The index that the platform was chosen from. */
  readonly index?: RemoteManifest;
  readonly manifest: RemoteManifest;
  readonly config: Uint8Array;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
  /** Of the config and of layers. */
  readonly bytesReceived: number;
  /** Bytes of layers that the target had already. */
  readonly bytesSaved: number;
}

export interface PullOptions {
  readonly platform: Platform;
  /** `none`: manifest and config only. */
  readonly layers?: "all" | "none";
  /** The step that progress events belong to. */
  readonly step?: string;
  /** Blobs at once. */
  readonly parallel?: number;
  readonly onProgress?: OnProgress;
  /** Gets manifest and config as soon as they are there; layers are still on their way. */
  readonly onDocuments?: (documents: readonly Uint8Array[]) => void;
  /** Told as soon as a layer is in the target, so that unpacking may begin. */
  readonly onLayer?: (layer: Descriptor, position: number) => void;
  readonly signal?: AbortSignal;
}

const CONFIG_LIMIT = 8 * 1024 * 1024;
/** Blobs at once, unless told: as many as there are connections to a host (RegistryClientOptions.connections). */
const LANES = 8;

/**
 * Pulls an image: manifest, config, and the layers that the target lacks, several at once.
 * @throws MANIFEST_UNKNOWN, MANIFEST_UNSUPPORTED, PLATFORM_UNAVAILABLE, BLOB_…, DOCUMENT_INVALID, REGISTRY_…
 */
export async function pullImage(client: RegistryClient, reference: Reference, target: BlobTarget, options: PullOptions): Promise<PulledImage> {
  const { platform, onProgress, step = `pull ${formatReference(reference)}` } = options;
  const found = await client.manifestGet(reference, { platform, ...(options.signal ? { signal: options.signal } : {}) });
  const { index, ...manifest } = found;
  if (isIndex(manifest.mediaType) || (manifest.mediaType.startsWith("application/vnd.") && !isManifest(manifest.mediaType))) {
    throw fault("MANIFEST_UNSUPPORTED", { reference: formatReference(reference), mediaType: manifest.mediaType });
  }
  const { config, layers } = parseManifest(manifest.bytes, `the manifest of ${familiarReference(reference)}`);
  const budget = new Semaphore(options.parallel ?? LANES);
  let bytesReceived = config.size;
  let bytesSaved = 0;
  const damaged = ({ digest }: Descriptor) => (reason: Fault): void =>
    onProgress?.({ type: "warning", id: step, message: `${digest} came damaged and is asked for again, from the registry itself: ${reason.message}` });
  const pullLayer = async (layer: Descriptor, signal: AbortSignal): Promise<void> => {
    const progress = reportBlob(onProgress, step, "pulling", layer);
    if (target.has(layer.digest)) {
      bytesSaved += layer.size;
      progress.done("exists");
    } else {
      const start = await withSecondTry(damaged(layer), (originOnly) => fetchInto(client, reference, layer, target, { originOnly, advance: progress.advance, signal }));
      bytesSaved += start;
      bytesReceived += layer.size - start;
      progress.done();
    }
    options.onLayer?.(layer, layers.indexOf(layer));
  };
  const wanted = options.layers === "none" ? [] : unique(layers);
  let bytes: Uint8Array = new Uint8Array();
  const pullConfig = async (signal: AbortSignal): Promise<void> => {
    bytes = await withSecondTry(damaged(config), (originOnly) => readConfig(client, reference, config, { originOnly, signal }));
    options.onDocuments?.([manifest.bytes, bytes]);
  };
  await together([pullConfig, ...wanted.map((layer) => (signal: AbortSignal) => budget.run(() => pullLayer(layer, signal), signal))], options.signal);
  if (!index) warnOfPlatform(bytes, reference, platform, step, onProgress);
  return { reference, ...(index ? { index } : {}), manifest, config: bytes, layers, bytesReceived, bytesSaved };
}

/** A damaged blob is asked for once more, from the registry itself: a mirror or a proxy may have spoilt it. */
async function withSecondTry<Result>(onDamage: (reason: Fault) => void, task: (originOnly: boolean) => Promise<Result>): Promise<Result> {
  try {
    return await task(false);
  } catch (error) {
    if (!isFault(error, "BLOB_DIGEST_MISMATCH") && !isFault(error, "BLOB_TRUNCATED")) throw error;
    onDamage(error);
    return task(true);
  }
}

async function readConfig(client: RegistryClient, reference: Reference, config: Descriptor, options: { originOnly: boolean; signal: AbortSignal }): Promise<Uint8Array> {
  if (config.size > CONFIG_LIMIT) {
    throw fault("DOCUMENT_INVALID", { what: `the config of ${familiarReference(reference)}`, problem: `it has more than ${CONFIG_LIMIT} bytes` });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.blobGet(reference, config, options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** @returns how many bytes the target had already */
async function fetchInto(
  client: RegistryClient, reference: Reference, layer: Descriptor, target: BlobTarget,
  { originOnly, advance, signal }: { originOnly: boolean; advance: (current: number) => void; signal: AbortSignal },
): Promise<number> {
  const { digest, size } = layer;
  const open = (start: number): AsyncIterable<Uint8Array> =>
    counted(client.blobGet(reference, layer, { start, originOnly, verify: false, lend: target.borrows === true, signal }), start, advance);
  const wrong = (received: string, cause?: unknown): Error =>
    fault("BLOB_DIGEST_MISMATCH", { host: reference.host, what: "blob", expected: digest, received }, { cause });
  try {
    const written = target.resume
      ? await target.resume(open, { digest, size, signal })
      : { ...(await target.write(open(0), { digest, size, signal })), start: 0 };
    if (written.digest !== digest) throw wrong(written.digest);
    return written.start;
  } catch (error) {
    throw isFault(error, "BLOB_MISMATCH") ? wrong((error.details as { actual: string }).actual, error) : error;
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, start: number, advance: (current: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  let current = start;
  for await (const chunk of source) {
    current += chunk.length;
    advance(current);
    yield chunk;
  }
}

function unique(layers: readonly Descriptor[]): Descriptor[] {
  return layers.filter((layer, position) => layers.findIndex(({ digest }) => digest === layer.digest) === position);
}

/** An image without an index is taken as it is, as docker does, but not silently. */
function warnOfPlatform(config: Uint8Array, reference: Reference, platform: Platform, step: string, onProgress: OnProgress | undefined): void {
  if (!onProgress) return;
  const own = parseImageConfig(config, `the config of ${familiarReference(reference)}`);
  if (platformMatches(platform, own)) return;
  onProgress({ type: "warning", id: step, message: `${familiarReference(reference)} is for ${formatPlatform(own)}, not for ${formatPlatform(platform)}` });
}
