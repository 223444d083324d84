import { chainId, chainIds } from "../oci/chain-id.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { layerCodec } from "../oci/media-type.ts";
import { parseReference } from "../oci/reference.ts";
import { fault, isFault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { applyLayer } from "../layer/apply-layer.ts";
import type { ClientSource } from "./lazy-client.ts";
import type { Store } from "../store/open-store.ts";

type ApplyOptions = Parameters<typeof applyLayer>[0];
type Applied = Awaited<ReturnType<typeof applyLayer>>;

/** Layers to be unpacked: their diff ids, bottom first, and where the blob of each is found. */
export interface ImageLayers {
  readonly diffIds: readonly Digest[];
  /** Descriptors of the manifest; empty where the image has none, then the store's own blobs are used. */
  readonly descriptors: readonly Descriptor[];
  /** Full references to fetch blobs from that are not in the store. */
  readonly sources: readonly string[];
  /** Opens a blob that lies elsewhere than the sources say; undefined for one that does not. */
  readonly open?: (blob: Descriptor) => Promise<(start: number) => AsyncIterable<Uint8Array>> | undefined;
}

/**
 * Unpacks an image's layers into snapshots; those that are there already stay as they are. Missing blobs
 * are fetched side by side while the layers below are being unpacked.
 * @returns the id of the top snapshot; undefined for an image without layers.
 * @throws LAYER_MISSING when a blob is neither in the store nor can be fetched.
 */
export async function materializeLayers(
  store: Store,
  image: ImageLayers,
  options: { client: ClientSource; recordOwners: boolean; stepId: string; onProgress: OnProgress; signal?: AbortSignal },
): Promise<string | undefined> {
  const { diffIds } = image;
  const chain = chainIds(diffIds);
  let parent: string | undefined;
  let from = 0;
  for (let count = diffIds.length; count > 0; count -= 1) {
    const known = store.snapshots.byChainId(chain[count - 1]!);
    if (!known) continue;
    parent = known.id;
    from = count;
    break;
  }
  const fetched = diffIds.slice(from).map((diffId, index) => {
    const blob = fetchLayer(store, image, diffId, image.descriptors[from + index], options);
    blob.catch(() => undefined);
    return blob;
  });
  for (const [index, promise] of fetched.entries()) {
    const blob = await promise;
    parent = await unpackLayer(store, parent, blob, diffIds.slice(0, from + index + 1), options);
  }
  return parent;
}

/** Brings those layers into the store that are not there in any form, without unpacking them. */
export async function keepLayers(store: Store, image: ImageLayers, options: Parameters<typeof materializeLayers>[2]): Promise<void> {
  const chain = chainIds(image.diffIds);
  await Promise.all(image.diffIds.map(async (diffId, index) => {
    if (store.snapshots.byChainId(chain[index]!)) return;
    const { digest, size, mediaType } = await fetchLayer(store, image, diffId, image.descriptors[index], options);
    store.layers.remember({ diffId, digest, size, mediaType, codec: layerCodec(mediaType) ?? "gzip" });
  }));
}

/** A blob of the layer in the store, fetched from where the image came from if need be. */
export async function fetchLayer(
  store: Store,
  image: ImageLayers,
  diffId: Digest,
  descriptor: Descriptor | undefined,
  options: Parameters<typeof materializeLayers>[2],
): Promise<Descriptor> {
  if (descriptor && store.blobs.has(descriptor.digest)) return descriptor;
  const known = store.layers.find(diffId, {});
  if (known && store.blobs.has(known.digest)) return known;
  let cause: unknown;
  const opened = descriptor && image.open?.(descriptor);
  for (const { source, originOnly } of opened ? [{ originOnly: false }] : descriptor ? attempts(image.sources) : []) {
    // What came damaged is asked for once more, from the registry itself: a mirror or a proxy may have spoilt it.
    if (originOnly && !isDamaged(cause)) continue;
    const started = Date.now();
    const report = (current: number, completed?: number): void => options.onProgress({
      type: "transfer", id: options.stepId, key: descriptor!.digest, action: "pulling", current, total: descriptor!.size, started,
      ...(completed === undefined ? {} : { completed }),
    });
    try {
      const stoppable = options.signal ? { signal: options.signal } : {};
      const get = opened ? await opened : await getFrom(options.client, source!, descriptor!, { originOnly, ...stoppable });
      let received = 0;
      const open = (start: number): AsyncIterable<Uint8Array> => {
        received = start;
        return get(start);
      };
      await store.blobs.resume(open, {
        digest: descriptor!.digest, size: descriptor!.size,
        onBytes: (bytes: number) => report((received += bytes)),
        ...stoppable,
      });
      report(received, Date.now());
      return descriptor!;
    } catch (error) {
      options.signal?.throwIfAborted();
      cause = error;
    }
  }
  // What a cache was told to have, and has not, is told as it is.
  if (opened) throw cause;
  throw fault("LAYER_MISSING", { diffId, sources: image.sources }, cause === undefined ? {} : { cause });
}

function attempts(sources: readonly string[]): { readonly source: string; readonly originOnly: boolean }[] {
  return sources.flatMap((source) => [{ source, originOnly: false }, { source, originOnly: true }]);
}

function isDamaged(error: unknown): boolean {
  return isFault(error, "BLOB_MISMATCH") || isFault(error, "BLOB_TRUNCATED");
}

/** For the store, which hashes what it gets. */
async function getFrom(client: ClientSource, source: string, blob: Descriptor, options: { originOnly: boolean; signal?: AbortSignal }): Promise<(start: number) => AsyncIterable<Uint8Array>> {
  const registry = await client();
  return (start) => registry.blobGet(parseReference(source), blob, { start, lend: true, verify: false, ...options });
}

async function unpackLayer(
  store: Store,
  parent: string | undefined,
  blob: Descriptor,
  chain: readonly Digest[],
  options: Parameters<typeof materializeLayers>[2],
): Promise<string> {
  const diffId = chain.at(-1)!;
  const active = store.snapshots.prepare(parent);
  const started = Date.now();
  const report = (current: number, completed?: number): void => options.onProgress({
    type: "transfer", id: options.stepId, key: `extracting ${blob.digest}`, action: "extracting", current, total: blob.size, started,
    ...(completed === undefined ? {} : { completed }),
  });
  try {
    const applied = await inWorker<ApplyOptions, Applied>(
      "layer/apply-layer.ts",
      "applyLayer",
      {
        blob: store.blobs.path(blob.digest),
        codec: layerCodec(blob.mediaType) ?? "gzip",
        target: active.upper,
        lowers: active.lowers,
        recordOwners: options.recordOwners,
        expectedDiffId: diffId,
      },
      { ...(options.signal ? { signal: options.signal } : {}), onMessage: (message) => report((message as { current: number }).current) },
    );
    report(blob.size, Date.now());
    store.layers.remember({ diffId, digest: blob.digest, size: blob.size, mediaType: blob.mediaType, codec: layerCodec(blob.mediaType) ?? "gzip" });
    return store.snapshots.commit(active, { createdAt: Date.now(), size: applied.size, diffId, chainId: chainId(chain)! }).id;
  } catch (error) {
    store.snapshots.discard(active);
    throw error;
  }
}
