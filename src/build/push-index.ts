import type { Digest } from "../oci/digest.ts";
import { formatReference, formatRepository, type Reference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { pushImage, type BlobSource, type PushOptions } from "../registry/transfer/push-image.ts";
import type { Store } from "../store/open-store.ts";
import { ArtifactRefused } from "./attest/attested-index.ts";
import type { ExportedImage } from "./exported-image.ts";
import type { ExportedIndex } from "./export-index.ts";
import type { LayerAccess } from "./image-layers.ts";
import type { PushAhead } from "./push-ahead.ts";

/** Milliseconds for which it is not asked again what a registry has under a name. */
const MOMENT = 2000;

/**
 * Pushes images, what is said about them, and last the index, or the one image that there is; only that gets the
 * reference's name, or none where it is to be found by its digest.
 * @throws ArtifactRefused, and what pushing an image throws
 */
export async function pushIndex(
  store: Store, client: RegistryClient, reference: Reference, images: readonly ExportedImage[], index: ExportedIndex | undefined,
  options: { readonly ahead: PushAhead; readonly access: LayerAccess; readonly byDigest: boolean; readonly fresh: boolean },
): Promise<Digest> {
  const { access } = options;
  const underWay = await options.ahead.underWay(reference);
  const before = options.ahead.tagBefore(reference);
  const common: PushOptions = {
    step: access.stepId,
    onProgress: access.onProgress,
    mountFrom: ({ digest }) => store.places.find(reference.host, digest),
    onMountRefused: ({ digest }, repository) => store.places.forget({ host: reference.host, repository }, digest),
    underWay,
    ...(access.signal ? { signal: access.signal } : {}),
  };
  const at = (digest: Digest): Reference => ({ host: reference.host, repository: reference.repository, digest });
  const root = index?.descriptor.digest ?? images[0]!.image.descriptor.digest;
  const named = options.byDigest ? at(root) : reference;
  const told = (digest: Digest): Digest => {
    const key = `pushing manifest for ${options.byDigest ? formatReference(named) : `${formatReference(named)}@${digest}`}`;
    access.onProgress({ type: "transfer", id: access.stepId, key, action: "pushing", current: 0, completed: Date.now() });
    return digest;
  };
  for (const { image, build, blobs } of images) {
    const { manifestBytes, descriptor, manifest } = image;
    const fresh = new Set(options.fresh && build.image!.fresh ? [image.id] : []);
    const place = index ? at(descriptor.digest) : named;
    // A build of which everything was known: its last push has probably sent it.
    const unchanged = !index && underWay.size === 0 && fresh.size === 0;
    const known = unchanged ? undefined : await before;
    const found = async (): Promise<Digest | undefined> => {
      const tag = await before;
      return tag && tag.reference.tag === place.tag && Date.now() - tag.at < MOMENT ? tag.digest : undefined;
    };
    await pushImage(client, place, { manifest: { bytes: manifestBytes, mediaType: descriptor.mediaType }, config: manifest.config, layers: manifest.layers }, blobs, {
      ...common, fresh,
      ...(known ? { there: known.blobs } : {}),
      ...(unchanged ? { unchanged, found: found() } : {}),
    });
    // A platform's image is told of by its index; without names of its own it should not be listed for itself.
    if (!index || store.images.get(image.id)?.names.length !== 0) store.images.addRepoDigest(image.id, `${formatRepository(reference)}@${descriptor.digest}`);
    store.places.remember(reference, [manifest.config, ...manifest.layers].filter(({ urls }) => !urls?.length).map(({ digest }) => digest));
  }
  if (!index) return told(root);
  // Their subjects are there by now, which some registries insist on.
  for (const { bytes, descriptor, manifest, blobs } of index.attestations) {
    const source: BlobSource = { async *read(digest, { start = 0 } = {}) { yield blobs.get(digest)!.subarray(start); } };
    await pushImage(client, at(descriptor.digest), { manifest: { bytes, mediaType: descriptor.mediaType }, config: manifest.config, layers: manifest.layers }, source, common).catch((error: unknown) => {
      throw manifest.subject && ArtifactRefused.is(error) ? new ArtifactRefused(error) : error;
    });
  }
  const stoppable = access.signal ? { signal: access.signal } : {};
  await client.manifestPut(named, { bytes: index.bytes, mediaType: index.descriptor.mediaType }, stoppable);
  return told(root);
}
