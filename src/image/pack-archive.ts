import { digestAlgorithm, digestHex, type Digest } from "../oci/digest.ts";
import type { Descriptor, Index } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { platformMatches, type Platform } from "../oci/platform.ts";
import { familiarReference, formatReference, parseReference } from "../oci/reference.ts";
import type { LayerEntry } from "../layer/entry.ts";
import { encodeTarHeader, TAR_END } from "../layer/write-tar.ts";
import { fault } from "../std/fault.ts";
import type { BlobSource } from "./blobs.ts";
import type { AttestationManifest } from "./attestation.ts";
import type { Image } from "./image.ts";

/** An image and the references, with tags, that it has in an archive. */
export interface NamedImage {
  readonly image: Image;
  readonly names: readonly string[];
}

/** An index, what of its images goes with it, and its names. */
export interface NamedIndex {
  readonly index: { readonly descriptor: Descriptor; readonly bytes: Uint8Array; readonly attestations?: readonly AttestationManifest[] };
  readonly images: readonly Image[];
  /** What else it lists, with blobs that are read as layers are: indexes in it, attestations. */
  readonly others?: readonly ListedDocument[];
  readonly names: readonly string[];
}

/** A document that an index lists, with what it names. */
export interface ListedDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly blobs: readonly Digest[];
}

export interface PackOptions {
  /** `docker` adds the `manifest.json` that `docker load` of every version reads. */
  readonly form: "oci" | "docker";
  /** Indexes that are in it besides the images; manifest.json names an image of each, that for `platform` or the first one. */
  readonly indexes?: readonly NamedIndex[] | undefined;
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of an image archive: an OCI layout as a tar, with entries in the order and with the attributes that
 * containerd and BuildKit give them. Equal images give equal bytes.
 * @throws BLOB_MISSING, REFERENCE_INVALID
 */
export async function* packArchive(images: readonly NamedImage[], blobs: BlobSource, options: PackOptions): AsyncGenerator<Uint8Array> {
  yield* packContents(imageContents(images, options), blobs, options);
}

/** What lies in a layout, by path: bytes, or the digest of what is read elsewhere. */
export type LayoutContents = ReadonlyMap<string, Uint8Array | Digest>;

/** What an archive of images, and of indexes beside them, holds. @throws REFERENCE_INVALID */
export function imageContents(images: readonly NamedImage[], { form, indexes = [], platform }: Omit<PackOptions, "signal">): LayoutContents {
  const contents = contentsOf(images.map(({ image }) => image), indexes);
  contents.set("index.json", json(indexOf([...images.flatMap(descriptorsOf), ...indexes.flatMap(({ index, names }) => named(index.descriptor, names))])));
  const chosen = indexes.map((whole): NamedImage => ({ image: whole.images.find(({ config }) => platform && platformMatches(platform, config)) ?? whole.images[0]!, names: whole.names }));
  if (form === "docker") contents.set("manifest.json", json([...images, ...chosen].map(dockerEntry)));
  return contents;
}

/** The same for an index: an OCI layout whose index.json names it. */
export async function* packIndexArchive(whole: NamedIndex, blobs: BlobSource, options: Pick<PackOptions, "signal">): AsyncGenerator<Uint8Array> {
  yield* packContents(indexContents(whole), blobs, options);
}

/** What an archive of an index holds. @throws REFERENCE_INVALID */
export function indexContents(whole: NamedIndex): LayoutContents {
  const contents = contentsOf([], [whole]);
  contents.set("index.json", json(indexOf(named(whole.index.descriptor, whole.names))));
  return contents;
}

/** What lies below blobs/: bytes, or a digest of what is read elsewhere. */
function contentsOf(images: readonly Image[], indexes: readonly NamedIndex[]): Map<string, Uint8Array | Digest> {
  const contents = new Map<string, Uint8Array | Digest>([["oci-layout", json({ imageLayoutVersion: "1.0.0" })]]);
  for (const image of [...images, ...indexes.flatMap((whole) => whole.images)]) {
    for (const { descriptor } of image.layers) contents.set(blobPath(descriptor.digest), descriptor.digest);
    contents.set(blobPath(image.id), image.configBytes);
    contents.set(blobPath(image.descriptor.digest), image.manifestBytes);
  }
  for (const { index, others = [] } of indexes) {
    for (const { descriptor, bytes, blobs } of others) {
      for (const digest of blobs) contents.set(blobPath(digest), digest);
      contents.set(blobPath(descriptor.digest), bytes);
    }
    for (const { descriptor, bytes, blobs } of index.attestations ?? []) {
      for (const [digest, statement] of blobs) contents.set(blobPath(digest), statement);
      contents.set(blobPath(descriptor.digest), bytes);
    }
    contents.set(blobPath(index.descriptor.digest), index.bytes);
  }
  return contents;
}

async function* packContents(contents: LayoutContents, blobs: BlobSource, options: Pick<PackOptions, "signal">): AsyncGenerator<Uint8Array> {
  const folders = new Set(["blobs", ...[...contents.keys()].filter((path) => path.startsWith("blobs/")).map((path) => path.slice(0, path.lastIndexOf("/")))]);
  for (const path of [...folders, ...contents.keys()].sort()) {
    options.signal?.throwIfAborted();
    if (folders.has(path)) {
      yield encodeTarHeader(entryOf(path, "directory", 0));
      continue;
    }
    const content = contents.get(path)!;
    if (typeof content === "string") yield* packBlob(path, content, blobs, options.signal);
    else {
      yield encodeTarHeader(entryOf(path, "file", content.length));
      yield content;
      yield padding(content.length);
    }
  }
  yield TAR_END;
}

async function* packBlob(path: string, digest: Digest, blobs: BlobSource, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const size = blobs.size(digest);
  if (size === undefined) throw fault("BLOB_MISSING", { digest });
  yield encodeTarHeader(entryOf(path, "file", size));
  let count = 0;
  for await (const chunk of blobs.read(digest, { signal })) {
    count += chunk.length;
    yield chunk;
  }
  if (count !== size) throw fault("BLOB_MISMATCH", { expected: `${size} bytes`, actual: `${count} bytes` });
  yield padding(size);
}

function indexOf(manifests: readonly Descriptor[]): Index {
  return { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests };
}

/** One descriptor per name, as containerd writes and reads them. */
function descriptorsOf({ image, names }: NamedImage): Descriptor[] {
  const { os, architecture, variant } = image.config;
  const descriptor: Descriptor = { ...image.descriptor, platform: { architecture, os, ...(variant ? { variant } : {}) } };
  return named(descriptor, names);
}

function named(descriptor: Descriptor, names: readonly string[]): Descriptor[] {
  if (names.length === 0) return [descriptor];
  return names.map((name) => {
    const reference = parseReference(name);
    const annotations = {
      ...descriptor.annotations,
      "io.containerd.image.name": formatReference(reference),
      ...(reference.tag !== undefined ? { "org.opencontainers.image.ref.name": reference.tag } : {}),
    };
    return { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size, annotations, ...(descriptor.platform ? { platform: descriptor.platform } : {}) };
  });
}

function dockerEntry({ image, names }: NamedImage): unknown {
  return {
    Config: blobPath(image.id),
    RepoTags: names.length === 0 ? null : names.map((name) => familiarReference(parseReference(name))),
    Layers: image.layers.map((layer) => blobPath(layer.descriptor.digest)),
  };
}

function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

function entryOf(path: string, type: LayerEntry["type"], size: number): LayerEntry {
  return { path, type, mode: type === "directory" ? 0o755 : 0o444, uid: 0, gid: 0, size, mtime: { seconds: 0, nanoseconds: 0 } };
}

function padding(size: number): Uint8Array {
  return new Uint8Array((512 - (size % 512)) % 512);
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
