import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { chainId } from "../oci/chain-id.ts";
import type { Digest } from "../oci/digest.ts";
import { layerCodec, ociLayerType } from "../oci/media-type.ts";
import { MANIFEST_LIMIT, type Descriptor } from "../oci/manifest.ts";
import type { OnProgress } from "../std/progress.ts";
import { fault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { RecompressOptions } from "../layer/recompress-layer.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";
import { assembleImage, createImage, type Image } from "../image/image.ts";
import type { ClientSource } from "./lazy-client.ts";
import { fetchLayer, materializeLayers, type ImageLayers } from "./materialize.ts";
import type { DistantBlobs } from "./distant-blobs.ts";
import { knownBlob, packSnapshot, type BlobTaker, type PackedLayer } from "./layer-blobs.ts";
import type { Packing } from "./packing.ts";
import { layersOf } from "./resolve-base.ts";

export interface LayerAccess {
  readonly client: ClientSource;
  readonly recordOwners: boolean;
  readonly stepId: string;
  readonly onProgress: OnProgress;
  /** The base image of what a build has made: its layers need not be in the store, and are read through {@link LazyBlobs}. */
  readonly base?: ImageLayers | undefined;
  /** Its layers that lie in caches elsewhere, likewise. */
  readonly distant?: DistantBlobs | undefined;
  /** Gets the blobs of layers that have to be packed. */
  readonly taker?: BlobTaker;
  readonly signal?: AbortSignal;
}

/** Unpacks an image of the store; the id of its top snapshot, undefined for an image without layers. */
export function materializeImage(store: Store, image: ImageRecord, access: LayerAccess): Promise<string | undefined> {
  return materializeLayers(
    store,
    { diffIds: image.config.rootfs.diff_ids, descriptors: layersOf(store, image), sources: image.sources },
    access,
  );
}

/**
 * An image as registries and archives take it, with all its blobs in the store. What came from a registry
 * keeps its manifest; what was built gets one over layers that are packed as `packing` says.
 */
export async function portableImage(store: Store, record: ImageRecord, packing: Packing, access: LayerAccess): Promise<Image> {
  const { diff_ids: diffIds } = record.config.rootfs;
  const config = store.blobs.readBytes(record.id, MANIFEST_LIMIT);
  const descriptors = layersOf(store, record);
  if (record.manifest && (descriptors.length > 0 || diffIds.length === 0)) {
    const bytes = store.blobs.readBytes(record.manifest.digest, MANIFEST_LIMIT);
    const layers = { diffIds, descriptors, sources: record.sources };
    await Promise.all(diffIds.map((diffId, index) => ensureExact(store, record, layers, diffId, descriptors[index]!, packing, access)));
    return createImage({ manifest: { bytes, mediaType: record.manifest.mediaType }, config });
  }
  const image = assembleImage({ config, layers: await Promise.all(diffIds.map((_, index) => layerBlob(store, record, index, packing, access))) });
  // What an archive with plain layers is made of is not what a later push should send.
  if (packing.codec !== "none") store.images.setManifest(record.id, { bytes: image.manifestBytes, mediaType: image.descriptor.mediaType });
  return image;
}

/** The blob that the manifest names: in the store, made again from the snapshot, or fetched. */
async function ensureExact(
  store: Store,
  image: ImageRecord,
  layers: Parameters<typeof fetchLayer>[1],
  diffId: ImageRecord["id"],
  wanted: Descriptor,
  packing: Packing,
  access: LayerAccess,
): Promise<void> {
  if (store.blobs.has(wanted.digest)) return;
  const index = layers.diffIds.indexOf(diffId);
  const made = image.sources.length === 0 ? await layerBlob(store, image, index, packing, access) : undefined;
  if (made?.digest === wanted.digest) return;
  await fetchLayer(store, layers, diffId, wanted, access);
}

/** The blob of an image's layer in any codec that is there, else packed from its snapshot. */
export async function layerBlob(store: Store, image: ImageRecord, index: number, packing: Packing, access: LayerAccess): Promise<Descriptor> {
  const diffIds = image.config.rootfs.diff_ids;
  const diffId = diffIds[index]!;
  const known = knownBlob(store, diffId, packing.codec) ?? (packing.codec === "none" ? undefined : knownBlob(store, diffId));
  if (known) return known;
  // An exact copy of what was unpacked, which may be another tar than what its files make.
  const packed = packing.codec === "none" ? knownBlob(store, diffId) : undefined;
  if (packed) return plainBlob(store, { diffId, descriptor: packed }, access);
  const snapshot = store.snapshots.byChainId(chainId(diffIds.slice(0, index + 1))!) ?? store.snapshots.byDiffId(diffId);
  if (snapshot) {
    const found = await packShown(store, snapshot.id, diffId, packing, access);
    if (found.diffId === diffId) return found.blob!;
    if (!access.base?.descriptors[access.base.diffIds.indexOf(diffId)]) throw fault("LAYER_CHANGED", { diffId, found: found.diffId });
  }
  const distant = access.distant?.find(diffId);
  if (distant) return packing.force ? access.distant!.fetch(distant) : distant.blob;
  const ofBase = access.base?.descriptors[access.base.diffIds.indexOf(diffId)];
  if (ofBase) return packing.force ? fetchLayer(store, access.base!, diffId, ofBase, access) : ofBase;
  const layers = { diffIds, descriptors: layersOf(store, image), sources: image.sources };
  return fetchLayer(store, layers, diffId, layers.descriptors[index], access);
}

/** Packs, and shows how far it is: a large layer takes a while, and has no blob to speak of until its end. */
async function packShown(store: Store, snapshotId: string, diffId: Digest, packing: Packing, { taker, signal, stepId, onProgress }: LayerAccess): Promise<PackedLayer> {
  const started = Date.now();
  let written: number | undefined;
  const show = (completed?: number): void => onProgress({ type: "transfer", id: stepId, key: diffId, action: "compressing", current: written!, started, ...(completed === undefined ? {} : { completed }) });
  const packed = await packSnapshot(store, snapshotId, { packing, taker, ...(signal ? { signal } : {}), onWritten: (bytes) => { written = bytes; show(); } });
  if (written !== undefined) show(Date.now());
  return packed;
}

/** The tar of a layer whose blob is in the store, as a blob of its own. */
async function plainBlob(store: Store, { diffId, descriptor }: { diffId: Digest; descriptor: Descriptor }, { signal }: LayerAccess): Promise<Descriptor> {
  const output = join(store.temporary, `plain-${randomUUID()}`);
  try {
    const { digest, size } = await inWorker<RecompressOptions, { digest: Digest; size: number }>(
      "layer/recompress-layer.ts", "recompressLayer",
      { blob: store.blobs.path(descriptor.digest), from: layerCodec(descriptor.mediaType) ?? "gzip", diffId, codec: "none", output }, signal ? { signal } : {},
    );
    store.blobs.adopt(output, digest, size);
    const blob = { mediaType: ociLayerType("none"), digest, size };
    store.layers.remember({ diffId, ...blob, codec: "none" });
    return blob;
  } finally {
    rmSync(output, { force: true });
  }
}
