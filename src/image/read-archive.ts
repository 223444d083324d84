import { hostPlatform, type Platform } from "../oci/platform.ts";
import { fault } from "../std/fault.ts";
import type { BlobTarget } from "./blobs.ts";
import { decodeStream } from "./decode-stream.ts";
import { imagesOfDockerManifest, tagsOfDockerManifest } from "./docker-manifest.ts";
import { imagesOfIndex, type ArchivedIndex } from "./oci-index.ts";
import type { NamedImage } from "./pack-archive.ts";
import { scanArchive } from "./scan-archive.ts";

export interface ReadArchiveOptions {
  /** What messages call the archive; its path, or "standard input". */
  readonly archive?: string | undefined;
  /** Which image of a multi-platform one is taken; that of this machine by default. */
  readonly platform?: Platform | undefined;
  /** Whether indexes are taken as they are, where no platform is given and enough of them is there. */
  readonly indexes?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes of the archive that came since the last call. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/**
 * Reads an image archive in any of its forms: `docker save` of every version since 1.10, `podman save`, skopeo's and
 * BuildKit's `oci-archive` and `docker-archive`; as it is, gzipped or zstd-compressed. Blobs go to the target while the
 * archive streams by. The layers of a Docker archive, which come without a manifest, get an OCI manifest.
 * @throws ARCHIVE_INVALID, ARCHIVE_DAMAGED, IMAGE_ARCHIVE_INVALID, IMAGE_ARCHIVE_PLATFORM, IMAGE_INCONSISTENT,
 *   DOCUMENT_INVALID, and what the target throws
 */
export async function readArchive(input: AsyncIterable<Uint8Array>, target: BlobTarget, options: ReadArchiveOptions = {}): Promise<{ images: NamedImage[]; indexes: ArchivedIndex[] }> {
  const archive = options.archive ?? "the archive";
  const contents = await scanArchive(decodeStream(counted(input, options.onBytes), archive), target, { archive, signal: options.signal });
  const place = { archive, contents, target };
  const docker = contents.file("manifest.json");
  const index = contents.file("index.json");
  const platform = options.platform ?? (options.indexes ? undefined : hostPlatform(process.arch));
  const { images, indexes } = index === undefined ? { images: [], indexes: [] } : imagesOfIndex(place, index, platform);
  if (images.length + indexes.length > 0) {
    const tags = docker === undefined ? new Map<string, readonly string[]>() : tagsOfDockerManifest(place, docker);
    return { images: images.map(({ image, names }) => ({ image, names: [...new Set([...names, ...(tags.get(image.id) ?? [])])] })), indexes };
  }
  if (docker === undefined) throw fault("IMAGE_ARCHIVE_INVALID", { archive, problem: "it has neither index.json nor manifest.json with an image in it" });
  return { images: await imagesOfDockerManifest(place, docker), indexes: [] };
}

async function* counted(input: AsyncIterable<Uint8Array>, onBytes: ((count: number) => void) | undefined): AsyncGenerator<Uint8Array> {
  for await (const chunk of input) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}
