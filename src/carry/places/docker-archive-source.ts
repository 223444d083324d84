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
import { blobPath, layoutDocument, readEntries } from "./layout-source.ts";
import { readSmall, type LayoutFiles } from "./layout-files.ts";

/**
 * An image of what `docker save` wrote. Where the archive has the image's manifest (Docker 25 and newer) it is the one
 * that is carried; older archives hold none, and get one over their layers as they are. It owns the files.
 * @throws LAYOUT_INVALID, LAYOUT_NAME, IMAGE_INCONSISTENT
 */
export function dockerArchiveSource(files: LayoutFiles, options: { readonly name: string; readonly wanted?: string | undefined; readonly onMade?: () => void }): Source {
  const made = new Map<Digest, string>();
  const opened = async (signal: AbortSignal): Promise<Document> => {
    const entry = chooseImage(parseDockerEntries(await readSmall(files, "manifest.json", signal), files.path), files.path, options.wanted);
    const config = await readSmall(files, entry.Config, signal);
    const own = (await files.size("index.json")) === undefined ? undefined : await ownManifest(files, sha256(config), signal);
    if (own) return own;
    options.onMade?.();
    const image = assembleImage({ config, layers: await describeLayers(files, entry, config, made, signal) });
    made.set(image.id, entry.Config);
    return { bytes: image.manifestBytes, mediaType: image.descriptor.mediaType, digest: image.descriptor.digest };
  };
  let root: Promise<Document> | undefined;
  return {
    name: options.name,
    root: (signal) => (root ??= opened(signal)),
    manifestGet: (descriptor, signal) => layoutDocument(files, descriptor, signal),
    blobOpen: (blob, { start, signal }) => files.read(made.get(blob.digest) ?? blobPath(blob.digest), { start, signal }),
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
async function describeLayers(files: LayoutFiles, entry: DockerEntry, config: Uint8Array, made: Map<Digest, string>, signal: AbortSignal): Promise<Descriptor[]> {
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
    const digest = codec === "none" ? diffIds[index]! : await digestOf(files, path, signal);
    made.set(digest, path);
    layers.push({ mediaType: ociLayerType(codec), digest, size });
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

async function digestOf(files: LayoutFiles, path: string, signal: AbortSignal): Promise<Digest> {
  const digester = createDigester();
  for await (const chunk of files.read(path, { start: 0, signal })) digester.update(chunk);
  return digester.digest();
}
