import type { Digest } from "../oci/digest.ts";
import { parseManifest, type Manifest } from "../oci/manifest.ts";
import { layerCodec } from "../oci/media-type.ts";
import { parseImageConfig } from "../oci/image-config.ts";
import type { Platform } from "../oci/platform.ts";
import { formatReference, formatRepository, type Reference } from "../oci/reference.ts";
import { pullImage } from "../registry/transfer/pull-image.ts";
import { pushImage } from "../registry/transfer/push-image.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { OnProgress } from "../std/progress.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";
import { portableImage, type LayerAccess } from "./image-layers.ts";
import { PushAhead } from "./push-ahead.ts";

/** Brings an image with all its blobs into the store, under its name. */
export async function pullToStore(
  store: Store,
  client: RegistryClient,
  reference: Reference,
  options: { platform: Platform; onProgress: OnProgress; signal?: AbortSignal },
): Promise<{ image: ImageRecord; digest: Digest; bytesReceived: number; bytesSaved: number }> {
  const pulled = await pullImage(client, reference, store.blobs, options);
  const { diff_ids: diffIds } = parseImageConfig(pulled.config).rootfs;
  const parsed = parseManifest(pulled.manifest.bytes);
  parsed.layers.forEach((layer, index) => {
    const diffId = diffIds[index];
    const codec = layerCodec(layer.mediaType);
    if (diffId && codec && store.blobs.has(layer.digest)) store.layers.remember({ diffId, digest: layer.digest, size: layer.size, mediaType: layer.mediaType, codec });
  });
  const digest = pulled.index?.digest ?? pulled.manifest.digest;
  const { host, repository, tag } = reference;
  const image = store.images.put({
    config: pulled.config,
    manifest: { bytes: pulled.manifest.bytes, mediaType: pulled.manifest.mediaType },
    names: tag === undefined || reference.digest ? [] : [formatReference({ host, repository, tag })],
    repoDigests: [`${formatRepository(reference)}@${digest}`],
  });
  store.places.remember(reference, blobsOf(parsed));
  return { image, digest, bytesReceived: pulled.bytesReceived, bytesSaved: pulled.bytesSaved };
}

export interface Pushed {
  readonly reference: Reference;
  readonly digest: Digest;
  readonly bytesSent: number;
  readonly bytesSaved: number;
}

/**
 * Sends an image of the store to the registry of that name. Layers that have to be packed for that are sent meanwhile.
 * @param options.ahead what sends layers already, in a build; `options.fresh`: whether the image was made just now
 */
export async function pushFromStore(
  store: Store, client: RegistryClient, image: ImageRecord, reference: Reference, access: LayerAccess, options: { ahead?: PushAhead; fresh?: boolean } = {},
): Promise<Pushed> {
  using own = options.ahead ? undefined : new PushAhead({ store, client: async () => client, names: [formatReference(reference)], signal: access.signal });
  const ahead = options.ahead ?? own!;
  const portable = await portableImage(store, image, "gzip", { ...access, taker: ahead });
  const sent = await pushImage(
    client,
    reference,
    { manifest: { bytes: portable.manifestBytes, mediaType: portable.descriptor.mediaType }, config: portable.manifest.config, layers: portable.manifest.layers },
    store.blobs,
    {
      onProgress: access.onProgress,
      mountFrom: ({ digest }) => store.places.find(reference.host, digest),
      onMountRefused: ({ digest }, repository) => store.places.forget({ host: reference.host, repository }, digest),
      underWay: await ahead.underWay(reference),
      fresh: new Set(options.fresh ? [image.id] : []),
      ...(access.signal ? { signal: access.signal } : {}),
    },
  );
  store.images.addRepoDigest(image.id, `${formatRepository(reference)}@${sent.digest}`);
  store.places.remember(reference, blobsOf(portable.manifest));
  return { reference, digest: sent.digest, bytesSent: sent.bytesSent, bytesSaved: sent.bytesSaved };
}

/** What a repository holds that holds the manifest. Layers with addresses of their own may lie there only. */
function blobsOf({ config, layers }: Manifest): Digest[] {
  return [config, ...layers].filter(({ urls }) => !urls?.length).map(({ digest }) => digest);
}
