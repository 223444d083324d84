import { parseReference, type Reference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { together } from "../registry/transfer/together.ts";
import { fault, isFault } from "../std/fault.ts";
import { Semaphore } from "../std/semaphore.ts";
import type { DistantLayer } from "../solve/ports.ts";
import type { Store } from "../store/open-store.ts";
import type { DistantBlobs } from "./distant-blobs.ts";
import type { PushAhead } from "./push-ahead.ts";

export interface ArriveOptions {
  readonly store: Store;
  readonly blobs: DistantBlobs;
  readonly client: () => Promise<RegistryClient>;
  /** What pushes the image, and is told what need not be pushed. */
  readonly ahead: PushAhead;
  readonly signal: AbortSignal;
}

/** Layers at once. */
const LANES = 8;

/**
 * Makes sure of layers in caches elsewhere before an image is made of them: each is in the registries that the image goes to,
 * or is mounted there, or comes into the store. Nothing is fetched that need not be.
 * @throws what is wrong with a layer that can neither be found there nor fetched
 */
export async function arrive(layers: readonly DistantLayer[], options: ArriveOptions): Promise<void> {
  const lanes = new Semaphore(LANES);
  await together(layers.map((layer) => (signal: AbortSignal) => lanes.run(() => arriveOne(layer, options, signal), signal)), options.signal);
}

async function arriveOne(layer: DistantLayer, { store, blobs, client, ahead }: ArriveOptions, signal: AbortSignal): Promise<void> {
  const { blob, diffId } = layer;
  blobs.add(layer);
  // What is known to hold another layer is not taken for this one.
  const known = store.layers.diffIdOf(blob.digest);
  if (known !== undefined && known !== diffId) throw fault("LAYER_CLAIMED", { digest: blob.digest, claimed: diffId, found: known });
  if (store.blobs.has(blob.digest)) return;
  for (const place of ahead.places) {
    if (!(await isThere(await client(), place, layer, signal))) return void (await blobs.fetch(layer));
    ahead.there(place, blob);
  }
}

/** Whether the repository holds the layer, or takes it from the cache's. */
async function isThere(client: RegistryClient, place: Reference, { blob, cache }: DistantLayer, signal: AbortSignal): Promise<boolean> {
  try {
    if (await client.blobHead(place, blob.digest, { push: true, size: blob.size, signal })) return true;
    const from = repositoryOf(cache);
    if (from?.host !== place.host || from.repository === place.repository) return false;
    const upload = await client.blobMount(place, { digest: blob.digest, from: from.repository }, { signal });
    if (upload) await client.uploadCancel(place, upload, { signal });
    return upload === undefined;
  } catch (error) {
    // What is wrong with the registry is said by the push.
    signal.throwIfAborted();
    if (!isFault(error)) throw error;
    return false;
  }
}

/** The repository of a cache, where its name is that of one. */
export function repositoryOf(cache: string | undefined): Reference | undefined {
  try {
    return cache === undefined ? undefined : parseReference(cache);
  } catch {
    return undefined;
  }
}
