import { sha256, type Digest } from "../oci/digest.ts";
import { parseImageConfig } from "../oci/image-config.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { ociLayerType } from "../oci/media-type.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { fault } from "../std/fault.ts";
import { bytesOf, type ArchivePlace } from "./archive-place.ts";
import { assembleImage } from "./image.ts";
import type { NamedImage } from "./pack-archive.ts";
import type { ArchivedFile } from "./scan-archive.ts";
import { once } from "../std/once.ts";

/** One image of Docker's manifest.json (moby image/spec v1.2). Paths are those of the archive. */
export interface DockerEntry {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  /** Bottom first; each is a tar, which newer tools may have compressed. */
  readonly Layers: readonly string[];
}

/**
 * The images of Docker's manifest.json, with OCI manifests made for them.
 * @throws IMAGE_ARCHIVE_INVALID, IMAGE_INCONSISTENT, DOCUMENT_INVALID, REFERENCE_INVALID
 */
export async function imagesOfDockerManifest(place: ArchivePlace, file: ArchivedFile): Promise<NamedImage[]> {
  const images: NamedImage[] = [];
  for (const entry of parseDockerEntries(bytesOf(place, file), place.archive)) {
    const bytes = bytesOf(place, fileOf(place, entry.Config));
    const config = parseImageConfig(bytes, entry.Config);
    const diffIds = config.rootfs.diff_ids;
    if (diffIds.length !== entry.Layers.length) {
      throw fault("IMAGE_INCONSISTENT", { image: entry.Config, problem: `the config lists ${diffIds.length} layers and manifest.json ${entry.Layers.length}` });
    }
    const layers: Descriptor[] = [];
    for (const [index, path] of entry.Layers.entries()) layers.push(await layerOf(place, path, diffIds[index]!));
    images.push({ image: assembleImage({ config: bytes, layers }), names: tagsOf(entry) });
  }
  return images;
}

/** The names that manifest.json gives, by image id. @throws IMAGE_ARCHIVE_INVALID, REFERENCE_INVALID */
export function tagsOfDockerManifest(place: ArchivePlace, file: ArchivedFile): Map<Digest, readonly string[]> {
  const entries = parseDockerEntries(bytesOf(place, file), place.archive).map((entry) => {
    const config = place.contents.file(entry.Config);
    return config === undefined ? undefined : [config.digest ?? sha256(config.bytes!), tagsOf(entry)] as const;
  });
  return new Map(entries.filter((entry) => entry !== undefined));
}

async function layerOf(place: ArchivePlace, path: string, diffId: Digest): Promise<Descriptor> {
  const file = fileOf(place, path);
  const { digest, size } = file.bytes === undefined ? { digest: file.digest!, size: file.size } : await place.target.write(once(file.bytes));
  if (file.packing === "bzip2" || file.packing === "xz") {
    throw fault("IMAGE_ARCHIVE_INVALID", { archive: place.archive, problem: `layer ${path} is packed with ${file.packing}, which no image can have` });
  }
  if (file.packing === "none" && digest !== diffId) {
    throw fault("IMAGE_INCONSISTENT", { image: place.archive, problem: `layer ${path} has the content ${digest}, the config says ${diffId}` });
  }
  return { mediaType: ociLayerType(file.packing), digest, size };
}

function fileOf(place: ArchivePlace, path: string): ArchivedFile {
  const file = place.contents.file(path);
  if (file === undefined) throw fault("IMAGE_ARCHIVE_INVALID", { archive: place.archive, problem: `manifest.json names ${JSON.stringify(path)}, which is missing` });
  return file;
}

function tagsOf(entry: DockerEntry): string[] {
  return (entry.RepoTags ?? []).map((tag) => formatReference(parseReference(tag)));
}

/** What manifest.json says. @throws IMAGE_ARCHIVE_INVALID */
export function parseDockerEntries(bytes: Uint8Array, archive: string): DockerEntry[] {
  const invalid = (problem: string): Error => fault("IMAGE_ARCHIVE_INVALID", { archive, problem: `manifest.json ${problem}` });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw invalid("is not JSON");
  }
  if (!Array.isArray(value) || value.length === 0) throw invalid("is not a list of images");
  for (const entry of value as Partial<DockerEntry>[]) {
    if (typeof entry?.Config !== "string") throw invalid("names no Config");
    if (!isTextList(entry.Layers)) throw invalid("has no list of Layers");
    if (entry.RepoTags !== undefined && entry.RepoTags !== null && !isTextList(entry.RepoTags)) throw invalid("has RepoTags that are no list of names");
  }
  return value as DockerEntry[];
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
