import type { CacheDocument } from "../cache/cache-document.ts";
import type { CacheExport } from "../cache/cache-options.ts";
import { nameOfCache, openExport } from "../cache/cache-places.ts";
import { gatherCache, type LayerToCache, type SolvedSteps } from "../cache/gather-cache.ts";
import type { ImportedCaches } from "../cache/imported-caches.ts";
import { packReasons } from "../cache/reasons.ts";
import { packCache, writeCache, type PackedCache, type SmallBlobs } from "../cache/write-cache.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { parseReference, type Reference } from "../oci/reference.ts";
import { repositoryOf } from "./arrive.ts";
import { fault } from "../std/fault.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { Store } from "../store/open-store.ts";
import type { CacheAccess } from "./build-caches.ts";
import type { DistantBlobs } from "./distant-blobs.ts";
import { GZIP } from "./packing.ts";
import type { LayerPacking, OwnLayer, SnapshotsNow } from "./layer-packing.ts";
import type { PushAhead } from "./push-ahead.ts";
import { LayersToCache, LostLayer } from "./layers-to-cache.ts";

type Written = Exclude<CacheExport, { type: "inline" }>;

export interface ExportCachesOptions extends CacheAccess {
  readonly store: Store;
  readonly steps: SolvedSteps;
  readonly results: SnapshotsNow;
  readonly packing: LayerPacking;
  readonly imported: ImportedCaches | undefined;
  readonly blobs: DistantBlobs;
  /** What sends layers already. */
  readonly ahead: PushAhead | undefined;
}

/** Writes what a build has learned to every place of --cache-to. @throws CACHE_EXPORT_FAILED */
export async function exportCaches(caches: readonly CacheExport[], options: ExportCachesOptions): Promise<void> {
  for (const cache of caches) {
    if (cache.type === "inline") continue;
    const name = nameOfCache(cache);
    const id = `exporting cache to ${cache.type === "local" ? "client directory" : cache.type} ${name}`;
    const step = { type: "step", id, name: id, started: Date.now() } as const;
    options.onProgress(step);
    try {
      await exportWhatIsThere(cache, name, id, options);
      options.onProgress({ ...step, completed: Date.now() });
    } catch (error) {
      options.signal.throwIfAborted();
      const failure = fault("CACHE_EXPORT_FAILED", { cache: name, reason: error instanceof Error ? error.message : String(error) }, { cause: error });
      if (cache.ignoreError) options.onProgress({ type: "warning", id, message: failure.message });
      options.onProgress({ ...step, completed: Date.now(), ...(cache.ignoreError ? {} : { error: failure.message }) });
      if (!cache.ignoreError) throw failure;
    }
  }
}

/** Layers that the caches asked do not give after all are left out: their steps are known by name then. */
async function exportWhatIsThere(cache: Written, name: string, step: string, options: ExportCachesOptions): Promise<void> {
  const lost = new Set<Digest>();
  for (;;) {
    try {
      return await exportOne(cache, name, { step, lost }, options);
    } catch (error) {
      if (!(error instanceof LostLayer) || lost.has(error.layer.blob.digest)) throw error;
      lost.add(error.layer.blob.digest);
      options.onProgress({ type: "warning", id: step, message: `${error.layer.blob.digest} is left out of ${name}, as ${error.layer.cache} does not give it: ${error.message}` });
    }
  }
}

async function exportOne(cache: Written, name: string, { step, lost }: { step: string; lost: ReadonlySet<Digest> }, options: ExportCachesOptions): Promise<void> {
  const { steps, imported, onProgress, signal } = options;
  await using sources = new LayersToCache({ ...options, packing: cache.packing ?? GZIP });
  const kept = await layersToKeep(cache, options, { sources, lost });
  const document = await gatherCache(steps, kept);
  const reasons = packReasons(steps.targets, steps.keys, (await imported?.reasons()) ?? new Map());
  const small: SmallBlobs = reasons ? [reasons] : [];
  // As builders do: a cache of nothing is not written over one of something.
  if (document.layers.length === 0) return void onProgress({ type: "log", id: step, stream: "stderr", data: Buffer.from("no layers to keep, nothing is written\n"), time: Date.now() });
  const packed = packCache(document, small.map(({ descriptor }) => descriptor), { imageManifest: cache.imageManifest ?? true, ociMediaTypes: cache.ociMediaTypes ?? true });
  if (await isUnchanged(imported, name, packed)) return void onProgress({ type: "log", id: step, stream: "stderr", data: Buffer.from("the cache is there as it is\n"), time: Date.now() });
  await using sink = await openExport(cache, { ...options, environment: process.env }, signal);
  const target = cache.type === "registry" ? parseReference(cache.ref) : undefined;
  await writeCache(sink, packed, small, {
    step, onProgress, signal,
    underWay: (target && (await options.ahead?.underWay(target))) ?? new Map(),
    open: (blob) => sources.open(blob),
    mountFrom: (blob) => (target ? mountPlaces(target, blob, options.store, sources) : []),
  });
  if (target) options.store.places.remember(target, packed.layers.map(({ digest }) => digest));
}

/** Which layers a cache keeps: those of the image, or all. */
async function layersToKeep(cache: Written, { steps, results, packing }: ExportCachesOptions, { sources, lost }: { sources: LayersToCache; lost: ReadonlySet<Digest> }): Promise<(vertex: Vertex) => Promise<readonly LayerToCache[] | undefined>> {
  const ofImage = new Set((await Promise.all(steps.targets.map((target) => packing.layersOf(target, results)))).flat().map(({ diffId }) => diffId));
  return async (vertex) => {
    const { snapshot, distant } = steps.results.get(vertex)!;
    if (snapshot === undefined && !distant) return undefined;
    const layers = await packing.layersOf(vertex, results);
    if (layers.some((layer) => layer.distant && lost.has(layer.distant.blob.digest))) return undefined;
    if (cache.mode !== "max" && !layers.every(({ diffId }) => ofImage.has(diffId))) return undefined;
    return Promise.all(layers.map((layer) => sources.add(layer)));
  };
}

/** Whether the place holds the same cache: nothing needs to be asked then. */
async function isUnchanged(imported: ImportedCaches | undefined, name: string, { manifest, config }: PackedCache): Promise<boolean> {
  return (await imported?.read() ?? []).some((each) => each.name === name && each.cache.config === config.descriptor.digest && each.cache.mediaType === manifest.mediaType);
}

/** Repositories of the same host that the layer may be taken from: the cache that it came from, and where it was pushed to or pulled from. */
function mountPlaces(target: Reference, blob: Descriptor, store: Store, sources: LayersToCache): Reference[] {
  const from = repositoryOf(sources.cacheOf(blob));
  const places = [...(from?.host === target.host ? [from.repository] : []), ...store.places.find(target.host, blob.digest)];
  return [...new Set(places)].filter((repository) => repository !== target.repository).slice(0, 3).map((repository) => ({ host: target.host, repository }));
}

/** What an image tells of its own steps. */
export async function inlineRecords(steps: SolvedSteps, target: readonly OwnLayer[], layersOf: (vertex: Vertex) => Promise<readonly OwnLayer[]>): Promise<CacheDocument["records"]> {
  const place = (layers: readonly OwnLayer[]): LayerToCache[] | undefined =>
    layers.every(({ diffId }, index) => target[index]?.diffId === diffId) ? layers.map(({ diffId }) => ({ diffId, blob: { mediaType: "", digest: diffId, size: 0 } })) : undefined;
  const { records } = await gatherCache(steps, async (vertex) => {
    const { snapshot, distant } = steps.results.get(vertex)!;
    return snapshot === undefined && !distant ? undefined : place(await layersOf(vertex));
  });
  return records;
}
