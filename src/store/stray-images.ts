import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { chainId } from "../oci/chain-id.ts";
import { digestAlgorithm, digestBytes, type Digest } from "../oci/digest.ts";
import { parseImageConfig } from "../oci/image-config.ts";
import { MANIFEST_LIMIT, parseIndex, parseManifest, type Descriptor, type Index, type Manifest } from "../oci/manifest.ts";
import { isManifest, layerCodec, mediaType } from "../oci/media-type.ts";
import { isFault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { hashFiles, Hashed } from "./check/hash-files.ts";
import type { ImageStore } from "./image-store.ts";
import type { LayerBlobs } from "./layer-blobs.ts";
import type { RemovalPlace } from "./removal.ts";
import { strayBlobs } from "./stray-blobs.ts";

/** An image or index that the database does not have, though its blobs are there. */
export interface StrayImage {
  /** The digest of its config, of an index its own. */
  readonly id: Digest;
  readonly manifest?: { readonly digest: Digest; readonly mediaType: string } | undefined;
  /** Which of its blobs the database does not have. */
  readonly strays: readonly Digest[];
  readonly index: boolean;
}

export interface StrayPlan {
  /** Images first, then indexes. */
  readonly images: readonly StrayImage[];
  /** Blobs that the database does not have, and an image that it has needs. */
  readonly needed: readonly Digest[];
  /** All of both. */
  readonly blobs: ReadonlySet<Digest>;
}

export interface ImagePlace extends RemovalPlace {
  readonly images: ImageStore;
  readonly layers: LayerBlobs;
}

interface Documents {
  readonly manifests: Map<Digest, Manifest>;
  readonly indexes: Map<Digest, Index>;
  /** The diff ids. */
  readonly configs: Map<Digest, readonly Digest[]>;
}

const NOTHING: StrayPlan = { images: [], needed: [], blobs: new Set() };

/**
 * Looks through files in the folders of blobs that the database does not know. What a kill leaves there is worth nothing; but where the
 * database lost what it knew, there are whole images among them: manifests say it, and digests prove it. Files that are found
 * to be others than their names say belong to no image.
 */
export async function findStrayImages(place: RemovalPlace, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<StrayPlan> {
  const { database, blobs } = place;
  const strays = new Map<Digest, number>();
  for (const { digest, path } of database.transaction(() => strayBlobs(place))) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (digest !== undefined && found?.isFile()) strays.set(digest, found.size);
  }
  if (strays.size === 0) return NOTHING;
  const documents = readDocuments(place, strays);
  for (;;) {
    const plan = planOf(place, strays, documents);
    const unread = [...plan.blobs].filter((digest) => !isRead(documents, digest));
    const damaged = await damagedOf(unread.map((digest) => ({ digest, size: strays.get(digest)!, path: blobs.path(digest) })), signal);
    if (damaged.length === 0) return plan;
    for (const digest of damaged) strays.delete(digest);
  }
}

/**
 * Gives the database what was found, all at once, as far as it is still so. The images have no names: those were known to the database only.
 * @returns the images that it has now
 */
export function takeUpStrays(place: ImagePlace, { images, blobs }: StrayPlan): readonly StrayImage[] {
  const { database, lease } = place;
  return database.transaction(() => {
    for (const digest of blobs) {
      const found = statSync(place.blobs.path(digest), { throwIfNoEntry: false });
      if (!found || database.run("INSERT OR IGNORE INTO blob (digest, size, state, created_at) VALUES (?, ?, 1, ?)", digest, found.size, Date.now()).changes === 0) continue;
      lease.hold("blob", digest);
    }
    // Another process may have removed meanwhile what was found.
    return images.filter((image) => image.strays.every((digest) => place.blobs.has(digest)) && isPutBack(place, image));
  });
}

/** What documents say may not fit together, which is no reason to keep the others. */
const MISFITS = ["DOCUMENT_INVALID", "IMAGE_INCONSISTENT", "INDEX_EMPTY", "BLOB_MISSING", "BLOB_TOO_LARGE"] as const;

function isPutBack(place: ImagePlace, image: StrayImage): boolean {
  try {
    place.database.part(() => putBack(place, image));
    return true;
  } catch (error) {
    if (!MISFITS.some((code) => isFault(error, code))) throw error;
    return false;
  }
}

function putBack(place: ImagePlace, { id, manifest, index }: StrayImage): void {
  const read = (digest: Digest): Uint8Array => place.blobs.readBytes(digest, MANIFEST_LIMIT);
  if (index) {
    place.images.putIndex({ bytes: read(id), mediaType: manifest!.mediaType, names: [], isHere: (entry) => isWhole(place, entry) });
    return;
  }
  place.images.put({ config: read(id), ...(manifest ? { manifest: { bytes: read(manifest.digest), mediaType: manifest.mediaType } } : {}), names: [] });
  if (!manifest) return;
  const { layers } = parseManifest(read(manifest.digest));
  const diffIds = parseImageConfig(read(id)).rootfs.diff_ids;
  layers.forEach(({ digest, size, mediaType: type }, position) => {
    const codec = layerCodec(type);
    if (codec) place.layers.remember({ diffId: diffIds[position]!, digest, size, mediaType: type, codec });
  });
}

/** Whether an entry of an index is here with all that its manifest names. */
function isWhole({ blobs }: ImagePlace, { digest, mediaType: type }: Descriptor): boolean {
  if (!isManifest(type) || !blobs.has(digest)) return false;
  const { config, layers } = parseManifest(blobs.readBytes(digest, MANIFEST_LIMIT));
  return [config, ...layers].every((part) => blobs.has(part.digest));
}

function planOf({ database, blobs }: RemovalPlace, strays: ReadonlyMap<Digest, number>, { manifests, indexes, configs }: Documents): StrayPlan {
  const has = (digest: Digest): boolean => strays.has(digest) || database.get("SELECT 1 FROM blob WHERE digest = ? AND state = 1", digest) !== undefined;
  const strayOf = (digests: readonly Digest[]): Digest[] => [...new Set(digests)].filter((digest) => strays.has(digest));
  const partsOf = (digest: Digest, { config, layers }: Manifest): Digest[] => [digest, config.digest, ...layers.map((layer) => layer.digest)];
  const images: StrayImage[] = [];
  for (const [digest, manifest] of manifests) {
    const parts = partsOf(digest, manifest);
    if (!strays.has(digest) || !isImage(manifest) || !parts.every(has) || hasManifest(database, manifest.config.digest)) continue;
    const diffIds = configs.get(manifest.config.digest) ?? diffIdsOf(blobs.path(manifest.config.digest));
    if (diffIds?.length !== manifest.layers.length) continue;
    images.push({ id: manifest.config.digest, manifest: { digest, mediaType: manifest.mediaType ?? mediaType.ociManifest }, strays: strayOf(parts), index: false });
  }
  const ids = new Set(images.map(({ id }) => id));
  for (const [digest, diffIds] of configs) {
    if (strays.has(digest) && !ids.has(digest) && diffIds.every((_, position) => isUnpacked(database, chainId(diffIds.slice(0, position + 1))!))) {
      images.push({ id: digest, strays: [digest], index: false });
    }
  }
  for (const [digest, index] of indexes) {
    const whole = index.manifests.flatMap((entry) => {
      const manifest = isManifest(entry.mediaType) ? manifests.get(entry.digest) ?? (has(entry.digest) ? manifestIn(blobs.path(entry.digest)) : undefined) : undefined;
      const parts = manifest && partsOf(entry.digest, manifest);
      return manifest && parts!.every(has) ? [{ manifest, parts: parts! }] : [];
    });
    // What build caches and artifacts list has no place of its own in a store, and an index of which something does not fit is none.
    const inIt = whole.flatMap(({ manifest }) => (isImage(manifest) ? [manifest.config.digest] : []));
    if (!strays.has(digest) || inIt.length === 0 || !inIt.every((id) => ids.has(id) || hasManifest(database, id))) continue;
    images.push({
      id: digest, manifest: { digest, mediaType: index.mediaType ?? mediaType.ociIndex }, index: true,
      strays: strayOf([digest, ...whole.flatMap(({ parts }) => parts)]),
    });
  }
  const needed = strayOf(database.all<{ digest: Digest }>("SELECT DISTINCT digest FROM image_blob JOIN image ON image.id = image WHERE state = 1").map(({ digest }) => digest));
  return { images, needed, blobs: new Set([...needed, ...images.flatMap((image) => image.strays)]) };
}

function isImage({ config, layers }: Manifest): boolean {
  return (config.mediaType === mediaType.ociConfig || config.mediaType === mediaType.dockerConfig) && layers.every((layer) => layerCodec(layer.mediaType) !== undefined);
}

/** Whether the image is known with a manifest, which another one does not replace. */
function hasManifest(database: RemovalPlace["database"], id: Digest): boolean {
  return database.get("SELECT 1 FROM image JOIN blob ON blob.digest = manifest WHERE id = ? AND image.state = 1 AND blob.state = 1", id) !== undefined;
}

function isUnpacked(database: RemovalPlace["database"], chain: Digest): boolean {
  return database.get("SELECT 1 FROM snapshot WHERE chain_id = ? AND state = 1", chain) !== undefined;
}

function diffIdsOf(path: string): readonly Digest[] | undefined {
  return readable(() => parseImageConfig(readDocumentAt(path)).rootfs.diff_ids);
}

function manifestIn(path: string): Manifest | undefined {
  return readable(() => parseManifest(readDocumentAt(path)));
}

/** What is too large for a document is read as none. */
function readDocumentAt(path: string): Uint8Array {
  return statSync(path).size > MANIFEST_LIMIT ? new Uint8Array() : readFileSync(path);
}

function readable<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (isFault(error) || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Reads those that may be documents; of which the bytes are wrong, those are none. */
function readDocuments({ blobs }: RemovalPlace, strays: Map<Digest, number>): Documents {
  const documents: Documents = { manifests: new Map(), indexes: new Map(), configs: new Map() };
  for (const [digest, size] of strays) {
    // Another process may be collecting what is looked at here.
    const bytes = size > MANIFEST_LIMIT ? undefined : readable(() => (isObject(blobs.path(digest)) ? readFileSync(blobs.path(digest)) : undefined));
    if (bytes === undefined) continue;
    if (digestBytes(bytes, digestAlgorithm(digest)) !== digest) strays.delete(digest);
    else readDocument(digest, bytes, documents);
  }
  return documents;
}

/** Whether it begins like the JSON of one, which most layers do not. */
function isObject(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(1);
    return readSync(file, start) === 1 && start[0] === 0x7b;
  } finally {
    closeSync(file);
  }
}

function readDocument(digest: Digest, bytes: Uint8Array, { manifests, indexes, configs }: Documents): void {
  const readers = [
    () => manifests.set(digest, parseManifest(bytes)),
    () => indexes.set(digest, parseIndex(bytes)),
    () => configs.set(digest, parseImageConfig(bytes).rootfs.diff_ids),
  ];
  for (const read of readers) {
    try {
      return void read();
    } catch (error) {
      if (!isFault(error, "DOCUMENT_INVALID")) throw error;
    }
  }
}

function isRead({ manifests, indexes, configs }: Documents, digest: Digest): boolean {
  return manifests.has(digest) || indexes.has(digest) || configs.has(digest);
}

/** Those files that are others than their digests say. */
async function damagedOf(files: readonly { readonly digest: Digest; readonly size: number; readonly path: string }[], signal: AbortSignal | undefined): Promise<Digest[]> {
  if (files.length === 0) return [];
  const jobs = files.map(({ digest, path }) => ({ path, algorithm: digestAlgorithm(digest) }));
  const found = await inWorker<Parameters<typeof hashFiles>[0], (Hashed | undefined)[]>("store/check/hash-files.ts", "hashFiles", jobs, signal ? { signal } : {});
  return files.filter(({ digest }, position) => found[position]?.digest !== digest).map(({ digest }) => digest);
}
