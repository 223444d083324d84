import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { assembleImage, type Image } from "../image/image.ts";
import type { BlobReport } from "../layer/blob-file.ts";
import { DEFAULT_LEVEL } from "../layer/compress.ts";
import type { RewriteTimesOptions, RewrittenLayer } from "../layer/rewrite-times.ts";
import type { Digest } from "../oci/digest.ts";
import { serializeImageConfig, type HistoryEntry, type ImageConfig } from "../oci/image-config.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { layerCodec, ociLayerType } from "../oci/media-type.ts";
import { noLater } from "../oci/time.ts";
import type { Store } from "../store/open-store.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { FinishedBuild } from "./finish-build.ts";
import { layerBlob, type LayerAccess } from "./image-layers.ts";
import { startStream } from "./layer-blobs.ts";
import type { Packing } from "./packing.ts";

/** What BuildKit notes at a layer whose times it has rewritten. */
const REWRITTEN = "buildkit/rewritten-timestamp";

export interface RestampOptions {
  /** In seconds; nothing of the image is younger afterwards, but for what it has from its base. */
  readonly epoch: number;
  /** Whether the times of files are meant too, and not only those of the config. */
  readonly files: boolean;
  /** How layers are packed that become other ones. */
  readonly packing: Packing;
  readonly access: LayerAccess;
}

/**
 * An image without times that are later than an epoch: in its config and its history, and in its layers where that is wanted. What
 * it has from its base image stays. The new blobs are in the store.
 */
export async function restampedImage(store: Store, { image: made, graph, base }: FinishedBuild, options: RestampOptions): Promise<Image> {
  const { epoch, files, access, packing } = options;
  const record = store.images.get(made!.id)!;
  const { diff_ids: diffIds } = record.config.rootfs;
  const ofBase = files ? commonLength(diffIds, base?.diffIds ?? []) : diffIds.length;
  const { taker: _, ...quiet } = access;
  const before = await Promise.all(diffIds.map(async (diffId, index) => ({
    diffId, descriptor: index < ofBase ? await layerBlob(store, record, index, packing, access) : await layerBlob(store, record, index, TAR, quiet),
  })));
  const own = before.slice(ofBase);
  const layers = [...before.slice(0, ofBase), ...(own.length === 0 ? [] : await rewriteLayers(store, own, options))];
  const inherited = graph.history.filter(({ kind }) => kind === "inherited").length;
  const config = serializeImageConfig(restampedConfig(record.config, { epoch, inherited, diffIds: layers.map(({ diffId }) => diffId) }));
  return assembleImage({ config, layers: layers.map(({ descriptor }) => descriptor) });
}

/** Layers that only become other ones are not compressed before. */
const TAR: Packing = { codec: "none" };

function commonLength(own: readonly Digest[], base: readonly Digest[]): number {
  const first = own.findIndex((diffId, index) => diffId !== base[index]);
  return first < 0 ? own.length : first;
}

function restampedConfig(config: ImageConfig, { epoch, inherited, diffIds }: { epoch: number; inherited: number; diffIds: readonly Digest[] }): ImageConfig {
  const restamp = (entry: HistoryEntry, index: number): HistoryEntry => (index < inherited || entry.created === undefined ? entry : { ...entry, created: noLater(entry.created, epoch) });
  return {
    ...config,
    ...(config.created === undefined ? {} : { created: noLater(config.created, epoch) }),
    ...(config.history ? { history: config.history.map(restamp) } : {}),
    rootfs: { type: "layers", diff_ids: diffIds },
  };
}

interface Layer {
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
}

async function rewriteLayers(store: Store, layers: readonly Layer[], options: RestampOptions): Promise<readonly Layer[]> {
  const { access: { onProgress, stepId }, epoch } = options;
  const step = { type: "step", id: `${stepId} rewriting`, name: `rewriting layers with source-date-epoch ${epoch} (${new Date(epoch * 1000).toISOString()})`, started: Date.now() } as const;
  onProgress(step);
  try {
    const rewritten = await Promise.all(layers.map((layer) => rewriteLayer(store, layer, options)));
    onProgress({ ...step, completed: Date.now() });
    return rewritten;
  } catch (error) {
    onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

async function rewriteLayer(store: Store, { descriptor, diffId }: Layer, { epoch, packing, access }: RestampOptions): Promise<Layer> {
  const { signal, taker } = access;
  const { codec, level } = packing;
  const output = join(store.temporary, `rewritten-${randomUUID()}`);
  const stream = taker && startStream(output, codec, taker);
  try {
    const made = await inWorker<RewriteTimesOptions, RewrittenLayer>(
      "layer/rewrite-times.ts",
      "rewriteTimes",
      { blob: store.blobs.path(descriptor.digest), from: layerCodec(descriptor.mediaType) ?? "gzip", diffId, epoch, codec, output, ...(level === undefined ? {} : { level }) },
      { ...(signal ? { signal } : {}), onMessage: (report) => stream?.report(report as BlobReport) },
    );
    const blob: Descriptor = { mediaType: ociLayerType(codec), digest: made.digest, size: made.size };
    store.blobs.adopt(output, blob.digest, blob.size);
    store.layers.remember({ diffId: made.diffId, ...blob, codec, level: level ?? DEFAULT_LEVEL[codec] });
    stream?.finish(blob, store.blobs.path(blob.digest));
    return { diffId: made.diffId, descriptor: { ...blob, annotations: { [REWRITTEN]: String(epoch) } } };
  } catch (error) {
    stream?.fail(error);
    throw error;
  } finally {
    rmSync(output, { force: true });
  }
}
