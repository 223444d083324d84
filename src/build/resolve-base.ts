import type { ResolvedBase } from "../graph/evaluation.ts";
import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseManifest, type Descriptor } from "../oci/manifest.ts";
import { formatPlatform, hostPlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { formatReference, parseReference, type Reference } from "../oci/reference.ts";
import { fault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { platformsOf } from "../store/image-record.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";
import type { ClientSource } from "./lazy-client.ts";
import { keepPulled } from "./keep-pulled.ts";
import type { ImageLayers } from "./materialize.ts";

export interface BaseResolver {
  /** For the graph: the pinned name and the config. */
  resolve(name: string, platform: Platform): Promise<ResolvedBase>;
  /** For unpacking: where the layers of a resolved reference are. */
  layers(reference: string): ImageLayers;
}

/**
 * Finds base images: in the store first, unless `pull` is set, else at their registry, whose manifest and
 * config are kept in the store, under the image's name if it is for this machine. Layers stay where they are until a step needs them.
 */
export function createBaseResolver(
  store: Store,
  options: { client: ClientSource; cwd: string; pull: boolean; strict: boolean; onProgress: OnProgress; signal?: AbortSignal },
): BaseResolver {
  const pending = new Map<string, Promise<ResolvedBase>>();
  const found = new Map<string, ImageLayers>();

  const resolve = async (name: string, platform: Platform): Promise<ResolvedBase> => {
    const layouts = name.startsWith("oci-layout://") ? await import("./layout-base.ts") : undefined;
    if (layouts) {
      const image = await layouts.importLayoutBase(store, name, { ...options, platform });
      const pinned = layouts.layoutReference(name, image);
      found.set(pinned, { diffIds: image.config.rootfs.diff_ids as Digest[], descriptors: layersOf(store, image), sources: [] });
      return { reference: pinned, config: image.config };
    }
    const here = options.pull ? undefined : findLocal(store, name, platform, options.strict);
    const meant = here ? { name } : await meaningOf(name, options.onProgress);
    const reference = parseReference(meant.name);
    const aliased = meant.name === name || options.pull ? undefined : findLocal(store, meant.name, platform, options.strict);
    const image = here ?? aliased ?? (await fetchImage(store, reference, platform, options));
    const pinned = pinnedReference(image, reference);
    found.set(pinned, {
      diffIds: image.config.rootfs.diff_ids as Digest[],
      descriptors: layersOf(store, image),
      sources: image.sources,
    });
    return { reference: pinned, config: image.config };
  };

  return {
    resolve: (name, platform) => {
      const key = `${name} ${formatPlatform(platform)}`;
      let promise = pending.get(key);
      if (!promise) pending.set(key, (promise = resolve(name, platform)));
      return promise;
    },
    layers: (reference) => found.get(reference)!,
  };
}

/** What a name that is not here means elsewhere. */
async function meaningOf(name: string, onProgress: OnProgress): Promise<{ readonly name: string }> {
  const { aliasNote, longName } = await import("../registry/routes/long-name.ts");
  const meant = await longName(name);
  if (meant.file !== undefined) onProgress({ type: "warning", message: aliasNote(name, meant) });
  return meant;
}

/** What the store has under a name may be for other platforms only; then its registry is asked. */
function findLocal(store: Store, name: string, platform: Platform, strict: boolean): ImageRecord | undefined {
  // `FROM 0` and `from=a` are slips, for a stage or an image of that name: an id has as many digits as `images` shows, at least.
  const names = /^(?:sha256:)?[0-9a-f]{1,11}$/.test(name) ? [] : [name];
  for (const text of new Set([formatReference(parseReference(name)), ...names])) {
    const target = store.images.meant(text);
    if (!target) continue;
    const image = store.images.ofPlatform(target, platform);
    if (image) return image;
    if (target.sources.length > 0) continue;
    if (!strict && !target.index) return target;
    throw fault("PLATFORM_UNAVAILABLE", { reference: text, platform: formatPlatform(platform), available: platformsOf(target) });
  }
  return undefined;
}

async function fetchImage(
  store: Store,
  reference: Reference,
  platform: Platform,
  options: { client: ClientSource; onProgress: OnProgress; signal?: AbortSignal },
): Promise<ImageRecord> {
  const id = `metadata ${formatReference(reference)}`;
  const step = { type: "step", id, name: `[internal] load metadata for ${formatReference(reference)}`, started: Date.now() } as const;
  options.onProgress(step);
  try {
    const { pullImage } = await import("../registry/transfer/pull-image.ts");
    const pulled = await pullImage(await options.client(), reference, store.blobs, { platform, layers: "none", ...(options.signal ? { signal: options.signal } : {}) });
    const { image } = keepPulled(store, reference, pulled, { named: platformMatches(hostPlatform(process.arch), platform) });
    options.onProgress({ ...step, completed: Date.now() });
    return image;
  } catch (error) {
    options.onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

/** `host/repository:tag@digest`: the digest of the manifest where one is known, else the image's id. */
function pinnedReference(image: ImageRecord, { host, repository, tag }: Reference): string {
  const digest = image.manifest?.digest ?? image.id;
  return formatReference({ host, repository, ...(tag ? { tag } : {}), digest });
}

/** Descriptors of an image's layers, from its manifest; none where it has no manifest yet. */
export function layersOf(store: Store, image: ImageRecord): readonly Descriptor[] {
  if (!image.manifest || !store.blobs.has(image.manifest.digest)) return [];
  return parseManifest(store.blobs.readBytes(image.manifest.digest, MANIFEST_LIMIT)).layers;
}

