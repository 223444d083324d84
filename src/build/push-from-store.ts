import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseIndex, parseManifest, type Descriptor } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-type.ts";
import { formatPlatform, hostPlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { formatReference, formatRepository, type Reference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { pushImage } from "../registry/transfer/push-image.ts";
import { fault } from "../std/fault.ts";
import { platformsOf } from "../store/image-record.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";
import { portableImage, type LayerAccess } from "./image-layers.ts";
import { blobsOf } from "./keep-pulled.ts";
import { GZIP } from "./packing.ts";
import type { Pushed } from "./transfer.ts";

/** What a push sends of what a name leads to. */
export interface ChosenPush {
  /** An image, or an index as a whole. */
  readonly record: ImageRecord;
  /** The index in whose place one image is sent, as not all of it is here. */
  readonly insteadOf?: Digest;
}

/**
 * What of a name is pushed, by docker's rule: an index as a whole, if all of it is here; else the only image that is here, or the one for
 * this machine. With a platform it is always that image alone.
 * @throws IMAGE_PLATFORM_MISSING, INDEX_PARTIAL
 */
export function choosePush({ images }: Store, target: ImageRecord, platform: Platform | undefined, name: string): ChosenPush {
  const { index } = target;
  if (platform !== undefined) {
    const exact = formatPlatform(platform);
    const image = index
      ? images.ofPart(target, index.parts.find((part) => part.image && part.descriptor.platform && formatPlatform(part.descriptor.platform) === exact))
      : images.ofPlatform(target, platform);
    if (!image) throw fault("IMAGE_PLATFORM_MISSING", { reference: name, platform: exact, available: platformsOf(target) });
    return { record: image };
  }
  if (index === undefined || index.parts.every(({ present }) => present)) return { record: target };
  const here = index.parts.filter(({ image }) => image !== undefined);
  const image = images.ofPlatform(target)!;
  if (here.length > 1 && !platformMatches(hostPlatform(process.arch), image.config)) throw fault("INDEX_PARTIAL", { reference: name, available: platformsOf(target) });
  return { record: image, insteadOf: index.digest };
}

/** Sends an index of the store with all that it lists to the registry of that name, and the index last. */
export async function pushIndexFromStore(store: Store, client: RegistryClient, target: ImageRecord, reference: Reference, access: LayerAccess): Promise<Pushed> {
  const { digest, mediaType, parts } = target.index!;
  const byDigest = new Map(parts.map((part) => [part.descriptor.digest, part]));
  const { host, repository } = reference;
  const step = `push ${formatReference(reference)}`;
  const stoppable = access.signal ? { signal: access.signal } : {};
  let [bytesSent, bytesSaved] = [0, 0];
  const pushManifest = async (descriptor: Descriptor): Promise<void> => {
    const image = store.images.ofPart(target, byDigest.get(descriptor.digest));
    if (image !== undefined) await portableImage(store, image, GZIP, access);
    const bytes = store.blobs.readBytes(descriptor.digest, MANIFEST_LIMIT);
    const { config, layers } = parseManifest(bytes);
    const sent = await pushImage(client, { host, repository, digest: descriptor.digest }, { manifest: { bytes, mediaType: descriptor.mediaType }, config, layers }, store.blobs, {
      step, onProgress: access.onProgress, ...stoppable,
      mountFrom: (blob) => store.places.find(host, blob.digest),
      onMountRefused: (blob, from) => store.places.forget({ host, repository: from }, blob.digest),
    });
    store.places.remember(reference, blobsOf({ config, layers }));
    bytesSent += sent.bytesSent;
    bytesSaved += sent.bytesSaved;
  };
  const pushListed = async (index: Uint8Array): Promise<void> => {
    for (const descriptor of parseIndex(index).manifests) {
      if (isIndex(descriptor.mediaType)) {
        const inner = store.blobs.readBytes(descriptor.digest, MANIFEST_LIMIT);
        await pushListed(inner);
        await client.manifestPut({ host, repository, digest: descriptor.digest }, { bytes: inner, mediaType: descriptor.mediaType }, stoppable);
      } else if (isManifest(descriptor.mediaType)) await pushManifest(descriptor);
      else throw fault("MANIFEST_UNSUPPORTED", { reference: formatReference(reference), mediaType: descriptor.mediaType });
    }
  };
  const bytes = store.blobs.readBytes(digest, MANIFEST_LIMIT);
  await pushListed(bytes);
  await client.manifestPut(reference, { bytes, mediaType }, stoppable);
  store.images.addRepoDigest(digest, `${formatRepository(reference)}@${digest}`);
  return { reference, digest, manifest: { mediaType, digest, size: bytes.length }, bytesSent: bytesSent + bytes.length, bytesSaved };
}
