import { digestAlgorithm, digestHex, type Digest } from "../oci/digest.ts";
import { parseIndex, parseManifest, type Descriptor } from "../oci/manifest.ts";
import { isIndex, isManifest, mediaType } from "../oci/media-type.ts";
import { formatPlatform, hostPlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { isAttestation } from "../oci/select-platform.ts";
import { fault } from "../std/fault.ts";
import { bytesOf, documentBlob, type ArchivePlace } from "./archive-place.ts";
import { createImage, type Image } from "./image.ts";
import type { NamedImage } from "./pack-archive.ts";
import type { ArchivedFile } from "./scan-archive.ts";

/** An index of an archive, with what of it is complete. */
export interface ArchivedIndex {
  readonly index: { readonly descriptor: Descriptor; readonly bytes: Uint8Array };
  readonly images: readonly Image[];
  /** Digests of the manifests whose blobs are all there, attestations too. */
  readonly present: ReadonlySet<Digest>;
  readonly names: readonly string[];
}

/**
 * The images of an OCI layout's index.json: one for each manifest, and one, for the platform, of each index in it.
 * Attestations and other artifacts are passed over.
 * @param platform without it an index stays one where several of its images, or all that it lists, are complete
 * @throws IMAGE_ARCHIVE_INVALID, IMAGE_ARCHIVE_PLATFORM, IMAGE_INCONSISTENT, DOCUMENT_INVALID
 */
export function imagesOfIndex(place: ArchivePlace, file: ArchivedFile, platform: Platform | undefined): { images: NamedImage[]; indexes: ArchivedIndex[] } {
  const index = parseIndex(bytesOf(place, file), "index.json");
  const images = new Map<Digest, { image: Image; names: Set<string> }>();
  const indexes = new Map<Digest, ArchivedIndex>();
  for (const descriptor of index.manifests) {
    const whole = platform === undefined && isIndex(descriptor.mediaType) ? indexes.get(descriptor.digest) ?? readWhole(place, descriptor) : undefined;
    if (whole !== undefined) {
      indexes.set(descriptor.digest, { ...whole, names: [...new Set([...whole.names, nameOf(descriptor) ?? []].flat())] });
      continue;
    }
    const found = isIndex(descriptor.mediaType) ? choose(place, descriptor, platform ?? hostPlatform(process.arch)) : descriptor;
    if (found === undefined || isAttestation(found) || !isManifest(found.mediaType)) continue;
    const image = images.get(found.digest)?.image ?? readImage(place, found);
    if (image === undefined) continue;
    const entry = images.get(found.digest) ?? { image, names: new Set<string>() };
    images.set(found.digest, entry);
    const name = nameOf(descriptor);
    if (name !== undefined) entry.names.add(name);
  }
  return { images: [...images.values()].map(({ image, names }) => ({ image, names: [...names] })), indexes: [...indexes.values()] };
}

/** An index that is worth keeping as it is; undefined for one of which a single image is here, among others that are not. */
function readWhole(place: ArchivePlace, { digest, mediaType: type, size }: Descriptor): ArchivedIndex | undefined {
  const bytes = documentBlob(place, digest);
  if (bytes === undefined) throw missing(place, digest);
  const { manifests } = parseIndex(bytes, `the index ${digest}`);
  if (manifests.length > MOST_MANIFESTS) throw fault("IMAGE_ARCHIVE_INVALID", { archive: place.archive, problem: `an index in it lists more than ${MOST_MANIFESTS} manifests` });
  const complete = manifests.filter((each) => isManifest(each.mediaType) && isComplete(place, each));
  const images = complete.flatMap((each) => (isAttestation(each) ? [] : readImage(place, each) ?? []));
  if (images.length === 0 || (images.length === 1 && complete.length < manifests.length)) return undefined;
  return { index: { descriptor: { mediaType: type, digest, size }, bytes }, images, present: new Set(complete.map((each) => each.digest)), names: [] };
}

const MOST_MANIFESTS = 2_000;

/** Whether a manifest is there with all that it names. */
function isComplete(place: ArchivePlace, { digest }: Descriptor): boolean {
  const bytes = documentBlob(place, digest);
  if (bytes === undefined) return false;
  const { config, layers } = parseManifest(bytes, `the manifest ${digest}`);
  return [config, ...layers].every((blob) => place.target.has(blob.digest));
}

/** The manifest for the platform among those whose blobs are there: `docker save` leaves other platforms' out. */
function choose(place: ArchivePlace, descriptor: Descriptor, platform: Platform): Descriptor | undefined {
  const bytes = documentBlob(place, descriptor.digest);
  if (bytes === undefined) throw missing(place, descriptor.digest);
  const present = parseIndex(bytes, `the index ${descriptor.digest}`).manifests
    .filter((item) => isManifest(item.mediaType) && !isAttestation(item) && place.target.has(item.digest));
  const found = present.find((item) => item.platform !== undefined && platformMatches(platform, item.platform));
  if (found !== undefined) return found;
  if (present.length === 1 && present[0]!.platform === undefined) return present[0];
  if (present.length === 0) return undefined;
  throw fault("IMAGE_ARCHIVE_PLATFORM", {
    archive: place.archive,
    wanted: formatPlatform(platform),
    found: present.map((item) => (item.platform ? formatPlatform(item.platform) : "an unnamed platform")),
  });
}

/** The image of a manifest; undefined for an artifact of another kind. */
function readImage(place: ArchivePlace, descriptor: Descriptor): Image | undefined {
  const bytes = documentBlob(place, descriptor.digest);
  if (bytes === undefined) throw missing(place, descriptor.digest);
  const manifest = parseManifest(bytes, `the manifest ${descriptor.digest}`);
  const type = manifest.config.mediaType;
  if (type !== mediaType.ociConfig && type !== mediaType.dockerConfig) return undefined;
  const config = documentBlob(place, manifest.config.digest);
  if (config === undefined) throw missing(place, manifest.config.digest);
  const image = createImage({ manifest: { bytes, mediaType: descriptor.mediaType }, config });
  return { ...image, layers: image.layers.map((layer) => checkLayer(place, image, layer)) };
}

function checkLayer(place: ArchivePlace, image: Image, layer: Image["layers"][number]): Image["layers"][number] {
  const { digest } = layer.descriptor;
  if (!place.target.has(digest)) throw missing(place, digest);
  const packing = place.contents.file(`blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`)?.packing;
  const codec = packing === "none" || packing === "gzip" || packing === "zstd" ? packing : layer.codec;
  if (codec === "none" && digest !== layer.diffId) {
    throw fault("IMAGE_INCONSISTENT", { image: image.id, problem: `the config says that layer ${digest} has the content ${layer.diffId}` });
  }
  return { ...layer, codec };
}

/** containerd and Docker give the full name; podman and skopeo write it where the spec has the tag. */
function nameOf({ annotations }: Descriptor): string | undefined {
  const full = annotations?.["io.containerd.image.name"];
  const short = annotations?.["org.opencontainers.image.ref.name"];
  const name = full ?? (short !== undefined && /[:/]/.test(short) ? short : undefined);
  if (name === undefined) return undefined;
  const { digest: _, ...reference } = parseReference(name);
  return formatReference({ ...reference, tag: reference.tag ?? "latest" });
}

function missing({ archive }: ArchivePlace, digest: Digest): Error {
  return fault("IMAGE_ARCHIVE_INVALID", { archive, problem: `blob ${digest} is missing in it` });
}
