import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { Platform } from "../oci/platform.ts";
import { formatReference, formatRepository, type Reference } from "../oci/reference.ts";
import { pullImage } from "../registry/transfer/pull-image.ts";
import { pushImage } from "../registry/transfer/push-image.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { OnProgress } from "../std/progress.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";
import type { BlobSource } from "../image/blobs.ts";
import type { Image } from "../image/image.ts";
import { portableImage, type LayerAccess } from "./image-layers.ts";
import { blobsOf, keepPulled, rememberLayers } from "./keep-pulled.ts";
import { GZIP, type Packing } from "./packing.ts";
import { PushAhead } from "./push-ahead.ts";

export interface PulledToStore {
  readonly image: ImageRecord;
  /** What the registry's name leads to: the index, where there is one. */
  readonly digest: Digest;
  readonly bytesReceived: number;
  readonly bytesSaved: number;
}

/** Brings an image with all its blobs into the store, under its name. */
export async function pullToStore(
  store: Store,
  client: RegistryClient,
  reference: Reference,
  options: { platform: Platform; onProgress: OnProgress; signal?: AbortSignal },
): Promise<PulledToStore> {
  // They are brought to the disk while the layers come.
  const onDocuments = (documents: readonly Uint8Array[]): void => documents.forEach((document) => void store.blobs.writeBytes(document));
  const pulled = await pullImage(client, reference, store.blobs, { ...options, onDocuments });
  rememberLayers(store, pulled);
  return { ...keepPulled(store, reference, pulled, { named: reference.digest === undefined }), bytesReceived: pulled.bytesReceived, bytesSaved: pulled.bytesSaved };
}

export interface Pushed {
  readonly reference: Reference;
  readonly digest: Digest;
  /** Media type, digest and size of the manifest. */
  readonly manifest: Descriptor;
  readonly bytesSent: number;
  readonly bytesSaved: number;
}

export interface PushOptions {
  /** What sends layers already, in a build. */
  readonly ahead?: PushAhead;
  /** Whether the image was made just now. */
  readonly fresh?: boolean;
  /** Where the image's blobs are read; by default the store. */
  readonly blobs?: BlobSource;
  /** How layers are packed that are not yet, and with `force` how all of them are. */
  readonly packing?: Packing;
  /** Asks for each blob, also where the repository has had all of the image before: repairs a registry that has lost one. */
  readonly everything?: boolean;
}

/**
 * Sends an image of the store to the registry of that name. Layers that have to be packed or converted for that are sent
 * meanwhile.
 */
export async function pushFromStore(
  store: Store, client: RegistryClient, image: ImageRecord, reference: Reference, access: LayerAccess, options: PushOptions = {},
): Promise<Pushed> {
  const { packing = GZIP } = options;
  using own = options.ahead ? undefined : new PushAhead({ store, client: async () => client, names: [formatReference(reference)], signal: access.signal });
  const ahead = options.ahead ?? own!;
  const portable = await portableImage(store, image, packing, { ...access, taker: ahead });
  const send = async ({ manifestBytes, descriptor, manifest }: Image, blobs: BlobSource): Promise<Pushed> => {
    const underWay = await ahead.underWay(reference);
    // A build of which everything was known: its last push has probably sent it. Else it is known where the image has been.
    const likely = options.ahead !== undefined || image.repoDigests.includes(`${formatRepository(reference)}@${descriptor.digest}`);
    const sent = await pushImage(client, reference, { manifest: { bytes: manifestBytes, mediaType: descriptor.mediaType }, config: manifest.config, layers: manifest.layers }, blobs, {
      onProgress: access.onProgress,
      mountFrom: ({ digest }) => store.places.find(reference.host, digest),
      onMountRefused: ({ digest }, repository) => store.places.forget({ host: reference.host, repository }, digest),
      underWay,
      unchanged: likely && underWay.size === 0 && !options.fresh && !options.everything,
      fresh: new Set(options.fresh ? [image.id] : []),
      ...(access.signal ? { signal: access.signal } : {}),
    });
    // A platform of an index should not be listed for itself.
    if (!image.index) store.images.addRepoDigest(image.id, `${formatRepository(reference)}@${sent.digest}`);
    store.places.remember(reference, blobsOf(manifest));
    return { reference, digest: sent.digest, manifest: descriptor, bytesSent: sent.bytesSent, bytesSaved: sent.bytesSaved };
  };
  if (!packing.force) return await send(portable, options.blobs ?? store.blobs);
  const { ConversionChanged, ConvertedImage } = await import("./converted-image.ts");
  const convert = async (believe: boolean): Promise<Pushed> => {
    using converted = await ConvertedImage.make(store, portable, packing, { ...access, taker: ahead, believe });
    return await send(converted.image, converted);
  };
  try {
    return await convert(true);
  } catch (error) {
    if (error instanceof ConversionChanged) return await convert(false);
    throw error;
  }
}
