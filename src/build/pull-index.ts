import { parseImageConfig } from "../oci/image-config.ts";
import { parseIndex, parseManifest, type Descriptor } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-type.ts";
import { formatPlatform, hostPlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { formatReference, formatRepository, type Reference } from "../oci/reference.ts";
import { attests, isAttestation, listPlatforms, selectPlatform } from "../oci/select-platform.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { RemoteManifest } from "../registry/requests/manifest-requests.ts";
import { pullImage, type PullOptions } from "../registry/transfer/pull-image.ts";
import { fault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import { blobsOf, keepDocuments, rememberLayers } from "./keep-pulled.ts";
import { pullToStore, type PulledToStore } from "./transfer.ts";

/** Every platform that there is, or some. */
export type PulledPlatforms = "all" | readonly Platform[];

const DEEPEST = 4;
const MOST = 2_000;

/**
 * Brings an index into the store as its registry has it, under its name, with the images of some platforms or of all, and what is attached
 * to these. What else it lists stays where it is. A reference to a single image is pulled as that.
 * @throws PLATFORM_UNAVAILABLE, CARGO_LIMIT, and what pulling an image throws
 */
export async function pullIndexToStore(
  store: Store, client: RegistryClient, reference: Reference, options: { platforms: PulledPlatforms; onProgress: OnProgress; signal?: AbortSignal },
): Promise<PulledToStore> {
  const { platforms, onProgress } = options;
  const stoppable = options.signal ? { signal: options.signal } : {};
  const root = await client.manifestGet(reference, stoppable);
  if (!isIndex(root.mediaType)) return pullSingle(store, client, { ...reference, digest: root.digest }, reference, options);
  const at = (digest: Descriptor["digest"]): Reference => ({ host: reference.host, repository: reference.repository, digest });
  const step = `pull ${formatReference(reference)}`;
  const wanted = await gather(root, platforms, { reference, get: async ({ digest }) => client.manifestGet(at(digest), stoppable) });
  for (const { bytes } of wanted.documents) store.blobs.writeBytes(bytes);
  let [bytesReceived, bytesSaved] = [0, 0];
  for (const descriptor of wanted.manifests) {
    const image = !isAttestation(descriptor);
    const how: PullOptions = { platform: descriptor.platform ?? hostPlatform(process.arch), step, ...stoppable, ...(image ? { onProgress } : {}) };
    const pulled = await pullImage(client, at(descriptor.digest), store.blobs, how);
    keepDocuments(store, pulled);
    if (image) rememberLayers(store, pulled);
    store.places.remember(reference, blobsOf(parseManifest(pulled.manifest.bytes)));
    bytesReceived += pulled.bytesReceived;
    bytesSaved += pulled.bytesSaved;
  }
  const { host, repository, tag } = reference;
  const here = new Set(wanted.manifests.map(({ digest }) => digest));
  const image = store.images.putIndex({
    bytes: root.bytes, mediaType: root.mediaType, isHere: ({ digest }) => here.has(digest),
    names: tag === undefined || reference.digest ? [] : [formatReference({ host, repository, tag })],
    repoDigests: [`${formatRepository(reference)}@${root.digest}`],
  });
  return { image, digest: root.digest, bytesReceived, bytesSaved };
}

/** @param pinned the image, as it was found */
async function pullSingle(
  store: Store, client: RegistryClient, pinned: Reference, reference: Reference, { platforms, ...options }: Parameters<typeof pullIndexToStore>[3],
): Promise<PulledToStore> {
  if (platforms === "all") return pullToStore(store, client, reference, { ...options, platform: hostPlatform(process.arch) });
  const { config } = await pullImage(client, pinned, store.blobs, { platform: platforms[0]!, layers: "none", ...(options.signal ? { signal: options.signal } : {}) });
  const own = parseImageConfig(config);
  const missing = platforms.find((platform) => !platformMatches(platform, own));
  if (missing) throw fault("PLATFORM_UNAVAILABLE", { reference: formatReference(reference), platform: formatPlatform(missing), available: [formatPlatform(own)] });
  return pullToStore(store, client, reference, { ...options, platform: platforms[0]! });
}

interface Wanted {
  readonly manifests: Descriptor[];
  /** Indexes in the index. */
  readonly documents: RemoteManifest[];
}

/** The manifests of an index that are wanted: images of the platforms, and what is attached to them. */
async function gather(
  root: RemoteManifest, platforms: PulledPlatforms, { reference, get }: { readonly reference: Reference; readonly get: (descriptor: Descriptor) => Promise<RemoteManifest> },
): Promise<Wanted> {
  const wanted: Wanted = { manifests: [], documents: [] };
  const limit = (problem: string): Error => fault("CARGO_LIMIT", { reference: formatReference(reference), problem });
  const walk = async (document: RemoteManifest, which: PulledPlatforms, depth: number): Promise<void> => {
    if (depth > DEEPEST) throw limit(`its index is nested more than ${DEEPEST} deep`);
    const index = parseIndex(document.bytes, `the index of ${formatReference(reference)}`);
    const chosen = which === "all" ? undefined : new Set<string>(which.map((platform) => {
      const found = selectPlatform(index, platform);
      if (!found) throw fault("PLATFORM_UNAVAILABLE", { reference: formatReference(reference), platform: formatPlatform(platform), available: listPlatforms(index) });
      return found.digest;
    }));
    for (const descriptor of index.manifests) {
      if (chosen && !chosen.has(descriptor.digest) && !chosen.has(attests(descriptor) ?? "")) continue;
      if (wanted.manifests.length + wanted.documents.length >= MOST) throw limit(`it has more than ${MOST} manifests`);
      if (isManifest(descriptor.mediaType)) wanted.manifests.push(descriptor);
      else if (isIndex(descriptor.mediaType)) {
        const inner = await get(descriptor);
        wanted.documents.push(inner);
        await walk(inner, which === "all" ? "all" : which.filter((platform) => selectPlatform(index, platform)?.digest === descriptor.digest), depth + 1);
      }
    }
  };
  await walk(root, platforms, 1);
  return { ...wanted, manifests: [...new Map(wanted.manifests.map((each) => [each.digest, each])).values()] };
}
