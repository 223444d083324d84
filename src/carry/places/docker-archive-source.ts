import { parseImageConfig } from "../../oci/image-config.ts";
import { createDigester, sha256, type Digest } from "../../oci/digest.ts";
import { parseIndex, parseManifest, type Descriptor } from "../../oci/manifest.ts";
import { isIndex, isManifest, ociLayerType } from "../../oci/media-type.ts";
import { familiarReference, formatReference, parseReference } from "../../oci/reference.ts";
import { assembleImage } from "../../image/image.ts";
import { MAGIC_LENGTH, sniffCodec } from "../../image/decode-stream.ts";
import { parseDockerEntries, type DockerEntry } from "../../image/docker-manifest.ts";
import { fault } from "../../std/fault.ts";
import type { Document, Source } from "../place.ts";
import { verified } from "../verified.ts";
import { gzipped } from "./gzipped.ts";
import { blobPath, layoutDocument, readEntries } from "./layout-source.ts";
import { readSmall, type LayoutFiles } from "./layout-files.ts";

export interface DockerArchiveOptions {
  /** What messages call it. */
  readonly name: string;
  /** The name of one of several images. */
  readonly wanted?: string | undefined;
  /** Whether plain layers are packed with gzip where a manifest has to be made. */
  readonly pack: boolean;
  /** Told when a manifest is made. */
  readonly onMade?: () => void;
}

/** Where the blobs of a manifest that was made are in the archive, and whether they are packed on their way. */
type Made = Map<Digest, { readonly path: string; readonly packed: boolean }>;

/**
 * An image of what `docker save` wrote. Where the archive has the image's manifest (Docker 25 and newer) it is the one
 * that is carried; older archives hold none, and get one over their layers. To have no second copy of these on the disk,
 * layers to be packed are packed twice: for their digest, and on their way. It owns the files.
 * @throws LAYOUT_INVALID, LAYOUT_NAME, IMAGE_INCONSISTENT
 */
export function dockerArchiveSource(files: LayoutFiles, options: DockerArchiveOptions): Source {
  const made: Made = new Map();
  const opened = async (signal: AbortSignal): Promise<Document> => {
    const entry = chooseImage(parseDockerEntries(await readSmall(files, "manifest.json", signal), files.path), files.path, options.wanted);
    const config = await readSmall(files, entry.Config, signal);
    const own = (await files.size("index.json")) === undefined ? undefined : await ownManifest(files, sha256(config), signal);
    if (own) return own;
    options.onMade?.();
    const image = assembleImage({ config, layers: await describeLayers(files, entry, config, { made, pack: options.pack, signal }) });
    made.set(image.id, { path: entry.Config, packed: false });
    return { bytes: image.manifestBytes, mediaType: image.descriptor.mediaType, digest: image.descriptor.digest };
  };
  let root: Promise<Document> | undefined;
  return {
    name: options.name,
    root: (signal) => (root ??= opened(signal)),
    manifestGet: (descriptor, signal) => layoutDocument(files, descriptor, signal),
    blobOpen(blob, { start, signal }) {
      const { path, packed } = made.get(blob.digest) ?? { path: blobPath(blob.digest), packed: false };
      return packed ? gzipped(files.read(path, { start: 0, signal }), start) : files.read(path, { start, signal });
    },
    referrerList: async () => [],
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
}

function chooseImage(entries: readonly DockerEntry[], path: string, wanted: string | undefined): DockerEntry {
  const names = entries.flatMap(({ RepoTags }) => RepoTags ?? []);
  const found = wanted === undefined ? (entries.length === 1 ? entries[0] : undefined) : entries.find(({ RepoTags }) => RepoTags?.some((tag) => fullName(tag) === fullName(wanted)));
  if (found) return found;
  throw fault("LAYOUT_NAME", { path, names: names.map((each) => familiarReference(parseReference(each))), ...(wanted === undefined ? {} : { wanted: familiarReference(parseReference(wanted)) }) });
}

function fullName(name: string): string {
  return formatReference(parseReference(name));
}

/** The manifest of index.json, or of an index in it, that has this config. */
async function ownManifest(files: LayoutFiles, config: Digest, signal: AbortSignal): Promise<Document | undefined> {
  const listed = [...(await readEntries(files, signal))];
  for (const { mediaType, digest } of listed.filter((entry) => isIndex(entry.mediaType))) {
    if ((await files.size(blobPath(digest))) === undefined) continue;
    listed.push(...parseIndex((await layoutDocument(files, { mediaType, digest }, signal)).bytes, digest).manifests);
  }
  for (const entry of listed) {
    if (!isManifest(entry.mediaType) || (await files.size(blobPath(entry.digest))) === undefined) continue;
    const document = await layoutDocument(files, entry, signal);
    if (parseManifest(document.bytes, entry.digest).config.digest === config) return document;
  }
  return undefined;
}

/** Layers as they lie in the archive; a plain one has the digest that the config gives it, which is checked when it is carried. */
async function describeLayers(
  files: LayoutFiles, entry: DockerEntry, config: Uint8Array, { made, pack, signal }: { made: Made; pack: boolean; signal: AbortSignal },
): Promise<Descriptor[]> {
  const diffIds = parseImageConfig(config, entry.Config).rootfs.diff_ids;
  if (diffIds.length !== entry.Layers.length) {
    throw fault("IMAGE_INCONSISTENT", { image: entry.Config, problem: `the config lists ${diffIds.length} layers and manifest.json ${entry.Layers.length}` });
  }
  const layers: Descriptor[] = [];
  for (const [index, path] of entry.Layers.entries()) {
    const size = await files.size(path);
    if (size === undefined) throw fault("LAYOUT_INVALID", { path: files.path, problem: `manifest.json names ${JSON.stringify(path)}, which is missing` });
    const codec = sniffCodec(await firstBytes(files, path, signal));
    if (codec === "bzip2" || codec === "xz") throw fault("LAYOUT_INVALID", { path: files.path, problem: `layer ${path} is packed with ${codec}, which no image can have` });
    const packed = codec === "none" && pack;
    const content = (): AsyncIterable<Uint8Array> => files.read(path, { start: 0, signal });
    const plain = { digest: diffIds[index]!, size };
    const found = packed
      ? await measure(gzipped(verified(content(), { mediaType: "", ...plain }, files.path)))
      : codec === "none" ? plain : await measure(content());
    made.set(found.digest, { path, packed });
    layers.push({ mediaType: ociLayerType(packed ? "gzip" : codec), ...found });
  }
  return layers;
}

async function firstBytes(files: LayoutFiles, path: string, signal: AbortSignal): Promise<Uint8Array> {
  const start: Uint8Array[] = [];
  for await (const chunk of files.read(path, { start: 0, signal })) {
    start.push(chunk);
    if (start.reduce((sum, { length }) => sum + length, 0) >= MAGIC_LENGTH) break;
  }
  return Buffer.concat(start).subarray(0, MAGIC_LENGTH);
}

async function measure(content: AsyncIterable<Uint8Array>): Promise<{ digest: Digest; size: number }> {
  const digester = createDigester();
  let size = 0;
  for await (const chunk of content) {
    digester.update(chunk);
    size += chunk.length;
  }
  return { digest: digester.digest(), size };
}
