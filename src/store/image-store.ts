import { readFileSync } from "node:fs";
import { chainIds } from "../oci/chain-id.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { parseImageConfig, type ImageConfig } from "../oci/image-config.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndex } from "../oci/media-type.ts";
import { formatPlatform, platformMatches, type Platform } from "../oci/platform.ts";
import { fault, isFault } from "../std/fault.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Database } from "./database.ts";
import { findImageId, imageIdsOf } from "./find-image.ts";
import { fullName, ImageNames } from "./image-names.ts";
import { choosePart, dropImage, IMAGE_SIZE, loseParts, readParts, SOURCES, STANDING, writeParts, type IndexPart } from "./image-parts.ts";
import { platformsOf, type ImageRecord, type NewImage, type NewIndex } from "./image-record.ts";
import type { LayerBlobs } from "./layer-blobs.ts";
import type { Lease, LeaseKind } from "./lease.ts";
import { readIndex } from "./read-index.ts";

export type { ImageRecord, NewImage, NewIndex } from "./image-record.ts";

/** Configs that are remembered: a build asks several times for its base image, and for what the name stood for before. */
const MOST_PARSED = 8;

/** Names and records of images. Their bytes are blobs and snapshots, which live as long as an image needs them. */
export class ImageStore {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #blobs: BlobStore;
  readonly #layers: LayerBlobs;
  readonly #names: ImageNames;
  /** Configs by the ids of their images, which say all that is in them. */
  readonly #parsed = new Map<Digest, ImageConfig>();

  constructor(database: Database, lease: Lease, blobs: BlobStore, layers: LayerBlobs) {
    this.#database = database;
    this.#lease = lease;
    this.#blobs = blobs;
    this.#layers = layers;
    this.#names = new ImageNames(database);
  }

  /**
   * Records an image and gives it names; an image that had one of them loses it. Layers may be missing still.
   * @throws DOCUMENT_INVALID, REFERENCE_INVALID
   */
  put(image: NewImage): ImageRecord {
    const config = this.#parse(sha256(image.config), () => image.config);
    const names = image.names.map(fullName);
    const id = this.#blobs.writeBytes(image.config);
    const manifest = image.manifest && this.#writeManifest(image.manifest.bytes);
    return this.#database.transaction(() => {
      this.#database.run(
        "INSERT INTO image (id, created, state) VALUES (?, ?, 1) ON CONFLICT (id) DO UPDATE SET state = 1",
        id, (config.created && Date.parse(config.created)) || 0,
      );
      this.#lease.hold("image", id);
      this.#writeLayers(id, config.rootfs.diff_ids);
      this.#database.run("INSERT OR IGNORE INTO image_blob (image, digest) VALUES (?, ?)", id, id);
      if (manifest) this.#linkManifest(id, manifest, image.manifest!.mediaType);
      for (const name of names) this.#names.set(id, name);
      for (const repoDigest of image.repoDigests ?? []) this.addRepoDigest(id, repoDigest);
      return this.get(id)!;
    });
  }

  /**
   * Records an index and gives it names. What it lists has to be among the blobs before, as far as it is here at all; what was here
   * of it by an earlier call is so still.
   * @throws DOCUMENT_INVALID, REFERENCE_INVALID, INDEX_EMPTY where no image of it is here
   */
  putIndex({ bytes, mediaType, isHere = () => true, ...index }: NewIndex): ImageRecord {
    const names = index.names.map(fullName);
    const found = readIndex(this.#blobs, bytes, isHere);
    const digest = this.#blobs.writeBytes(bytes);
    return this.#database.transaction(() => {
      for (const { image, descriptor } of found.parts) {
        if (image) this.put({ config: image.config, manifest: { bytes: image.manifest, mediaType: descriptor.mediaType }, names: [] });
        for (const layer of image?.layers ?? []) this.#layers.remember(layer);
      }
      this.#database.run(
        "INSERT INTO image (id, manifest, manifest_type, created, state) VALUES (?1, ?1, ?2, 0, 1) ON CONFLICT (id) DO UPDATE SET state = 1",
        digest, mediaType,
      );
      this.#lease.hold("image", digest);
      writeParts(this.#database, digest, found);
      const chosen = choosePart({ digest, mediaType, parts: readParts(this.#database, digest) });
      if (chosen === undefined) throw fault("INDEX_EMPTY", { digest });
      this.#database.run("UPDATE image SET created = (SELECT created FROM image WHERE id = ?) WHERE id = ?", chosen.image, digest);
      for (const name of names) this.#names.set(digest, name);
      for (const repoDigest of index.repoDigests ?? []) this.addRepoDigest(digest, repoDigest);
      return this.get(digest)!;
    });
  }

  /** The image, or index, of that id; undefined where there is none. */
  get(id: Digest): ImageRecord | undefined {
    const row = this.#lease.lookup(
      "image",
      () => this.#database.get<Row>("SELECT * FROM image WHERE id = ? AND state = 1", id),
      (found) => found.id,
    );
    return row && this.#record(row, (id) => this.#parse(id, () => this.#readConfig(id), `the config of image ${id}`));
  }

  /**
   * The image that a person means: a name (`alpine`, `team/app:1`), an id or the beginning of one, `repo@sha256:…`. Of an
   * index it is the image for the platform: for this machine, or the first one that is here, where none is given.
   * @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS, IMAGE_PLATFORM_MISSING
   */
  find(text: string, platform?: Platform): ImageRecord {
    const found = this.target(text);
    const image = this.ofPlatform(found, platform);
    if (image === undefined) throw fault("IMAGE_PLATFORM_MISSING", { reference: text, platform: formatPlatform(platform!), available: platformsOf(found) });
    return image;
  }

  /** What a name or an id leads to, which may be an index. @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS */
  target(text: string): ImageRecord {
    const record = this.get(findImageId(this.#database, text));
    if (record === undefined) throw fault("IMAGE_NOT_FOUND", { reference: text, near: [] });
    return record;
  }

  /** The same; undefined where it leads to none, or may mean several. What is like it is not looked for. */
  meant(text: string): ImageRecord | undefined {
    const [id, ...others] = imageIdsOf(this.#database, text);
    return id === undefined || others.length > 0 ? undefined : this.get(id);
  }

  /** The image, or index, of that full name; undefined where there is none. Looks for nothing else that may be meant. */
  named(name: string): ImageRecord | undefined {
    const image = this.#names.imageOf(name);
    return image && this.get(image);
  }

  /** The image for a platform, with the names that lead to it; undefined where it is for another one. See {@link find}. */
  ofPlatform(record: ImageRecord, platform?: Platform): ImageRecord | undefined {
    if (record.index?.digest !== record.id) return platform === undefined || platformMatches(platform, record.config) ? record : undefined;
    return this.ofPart(record, choosePart(record.index, platform));
  }

  /** The image that an index lists there; undefined for what is not here, or no image. */
  ofPart(record: ImageRecord, part: IndexPart | undefined): ImageRecord | undefined {
    const image = part?.image && this.get(part.image);
    if (!image) return undefined;
    const { digest, mediaType } = part.descriptor;
    return { ...image, manifest: { digest, mediaType }, names: record.names, repoDigests: record.repoDigests, index: record.index };
  }

  /** Bytes of the blobs that an image or index is packed in, as far as they are here. */
  contentSize(id: Digest): number {
    return this.#database.get<{ size: number }>("SELECT coalesce(sum(size), 0) AS size FROM image_blob JOIN blob USING (digest) WHERE image = ? AND state = 1", id)!.size;
  }

  /** The indexes that have the image as one of their platforms. */
  indexesOf(id: Digest): ImageRecord[] {
    return this.#database
      .all<Row>("SELECT * FROM image WHERE state = 1 AND id IN (SELECT index_id FROM image_part WHERE image_part.image = ?) ORDER BY id", id)
      .map((row) => this.#record(row));
  }

  /** All images that stand for themselves, and all indexes, the newest first. They are not held: one that another process removes meanwhile is left out. */
  list(): ImageRecord[] {
    return this.#database.all<Row>(`SELECT * FROM image WHERE ${STANDING} ORDER BY created DESC, id`).flatMap((row) => {
      try {
        return [this.#record(row)];
      } catch (error) {
        if (isFault(error, "BLOB_MISSING") && this.#database.get("SELECT 1 FROM image WHERE id = ? AND state = 1", row.id) === undefined) return [];
        throw error;
      }
    });
  }

  /** Gives the image a name, which another image loses. @throws REFERENCE_INVALID, IMAGE_NOT_FOUND */
  tag(id: Digest, name: string): void {
    const full = fullName(name);
    this.#database.transaction(() => {
      if (this.get(id) === undefined) throw fault("IMAGE_NOT_FOUND", { reference: id, near: [] });
      this.#names.set(id, full);
    });
  }

  /** Takes a name away and leaves the image. @returns whether there was such a name. */
  untag(name: string): boolean {
    return this.#names.remove(fullName(name));
  }

  /** Removes the image if it has no name: what was only made to be exported. */
  removeUnnamed(id: Digest): void {
    this.#database.transaction(() => {
      if (this.get(id)?.names.length === 0) this.remove(id);
    });
  }

  /**
   * Removes the image, or index, and all of its names; what it alone needed goes with the next collection, and not before
   * the processes that are using it have ended. An image that an index has as one of its platforms loses its own names only.
   * @returns whether anything was removed
   */
  remove(id: Digest): boolean {
    return this.#database.transaction(() => {
      const gone = dropImage(this.#database, id);
      for (const each of gone) this.#letGo(each);
      return gone.length > 0;
    });
  }

  /** Removes what of an index these manifests are, and the index where no image is left of it. @returns whether the index is still there */
  removeParts(id: Digest, manifests: readonly Digest[]): boolean {
    return this.#database.transaction(() => {
      const images = readParts(this.#database, id).flatMap(({ descriptor, image }) => (image && manifests.includes(descriptor.digest) ? [image] : []));
      const left = loseParts(this.#database, id, manifests);
      if (!left) this.remove(id);
      else this.#relink(id);
      // An image that has a name of its own keeps it.
      for (const image of images) if (this.get(image)?.names.length === 0) this.remove(image);
      return left;
    });
  }

  /** Notes the manifest that the image was packed with, in place of an earlier one. @throws IMAGE_NOT_FOUND, DOCUMENT_INVALID */
  setManifest(id: Digest, manifest: { readonly bytes: Uint8Array; readonly mediaType: string }): void {
    const written = this.#writeManifest(manifest.bytes);
    this.#database.transaction(() => {
      if (this.get(id) === undefined) throw fault("IMAGE_NOT_FOUND", { reference: id, near: [] });
      this.#database.run("DELETE FROM image_blob WHERE image = ? AND digest <> ?", id, id);
      this.#linkManifest(id, written, manifest.mediaType);
    });
  }

  /** Notes where the image lies in a registry: `host/repository@sha256:…`. @throws REFERENCE_INVALID */
  addRepoDigest(id: Digest, repoDigest: string): void {
    this.#names.addRepoDigest(id, repoDigest);
  }

  /** They follow from the id, so most often they are there. */
  #writeLayers(id: Digest, diffIds: readonly Digest[]): void {
    const there = this.#database.all<{ diff_id: Digest }>("SELECT diff_id FROM image_layer WHERE image = ? ORDER BY position", id);
    if (there.length === diffIds.length && there.every(({ diff_id: diffId }, position) => diffId === diffIds[position])) return;
    const chain = chainIds(diffIds);
    for (const [position, diffId] of diffIds.entries()) {
      this.#database.run("INSERT OR REPLACE INTO image_layer (image, position, diff_id, chain_id) VALUES (?, ?, ?, ?)", id, position, diffId, chain[position]!);
    }
  }

  /** Whoever removes an image has no use for what it consists of. */
  #letGo(id: Digest): void {
    this.#lease.drop("image", id);
    for (const { kind, object } of this.#database.all<{ kind: LeaseKind; object: string }>(PARTS, id)) this.#lease.drop(kind, object);
  }

  #writeManifest(bytes: Uint8Array): { digest: Digest; blobs: Digest[] } {
    const { config, layers } = parseManifest(bytes);
    const digest = this.#blobs.writeBytes(bytes);
    return { digest, blobs: [digest, config.digest, ...layers.map((layer) => layer.digest)] };
  }

  #linkManifest(id: Digest, manifest: { digest: Digest; blobs: readonly Digest[] }, mediaType: string): void {
    this.#database.run("UPDATE image SET manifest = ?, manifest_type = ? WHERE id = ?", manifest.digest, mediaType, id);
    for (const digest of manifest.blobs) this.#database.run("INSERT OR IGNORE INTO image_blob (image, digest) VALUES (?, ?)", id, digest);
  }

  /** What an index keeps, after it has lost a part. */
  #relink(id: Digest): void {
    const present = new Set(readParts(this.#database, id).flatMap((part) => (part.present ? [part.descriptor.digest] : [])));
    this.#letGo(id);
    this.#database.run("DELETE FROM image_blob WHERE image = ?", id);
    writeParts(this.#database, id, readIndex(this.#blobs, readBlob(this.#blobs.path(id), id), ({ digest }) => present.has(digest)));
  }

  #readConfig(id: Digest): Uint8Array {
    return readBlob(this.#blobs.path(id), id);
  }

  #parse(id: Digest, read: () => Uint8Array, what?: string): ImageConfig {
    const known = this.#parsed.get(id);
    if (known) return known;
    const config = parseImageConfig(read(), what);
    this.#parsed.set(id, config);
    if (this.#parsed.size > MOST_PARSED) this.#parsed.delete(this.#parsed.keys().next().value!);
    return config;
  }

  /** @param configOf reads the config of an image, by its id */
  #record(row: Row, configOf = (id: Digest): ImageConfig => parseImageConfig(this.#readConfig(id), `the config of image ${id}`)): ImageRecord {
    const { id, manifest, manifest_type: mediaType } = row;
    const index = manifest === id && isIndex(mediaType!) ? { digest: id, mediaType: mediaType!, parts: readParts(this.#database, id) } : undefined;
    const own = index ? choosePart(index)?.image : id;
    if (own === undefined) throw fault("INDEX_EMPTY", { digest: id });
    return {
      id,
      config: configOf(own),
      names: this.#names.of(id),
      repoDigests: this.#names.repoDigestsOf(id),
      sources: this.#database.all<{ value: string }>(SOURCES, id).map(({ value }) => value),
      created: row.created,
      size: this.#database.get<{ size: number }>(IMAGE_SIZE, id)!.size,
      ...(manifest !== null && mediaType !== null ? { manifest: { digest: manifest, mediaType } } : {}),
      ...(index ? { index } : {}),
    };
  }
}

interface Row {
  readonly id: Digest;
  readonly manifest: Digest | null;
  readonly manifest_type: string | null;
  readonly created: number;
}

const PARTS = `
  SELECT 'blob' AS kind, digest AS object FROM image_blob WHERE image = ?1
  UNION SELECT 'blob', digest FROM layer_blob JOIN image_layer USING (diff_id) WHERE image = ?1
  UNION SELECT 'snapshot', CAST(snapshot.id AS TEXT) FROM snapshot JOIN image_layer USING (chain_id) WHERE image = ?1`;

/** Without holding the blob: the image's row holds it, and a list of images holds nothing. */
function readBlob(path: string, digest: Digest): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fault("BLOB_MISSING", { digest }, { cause });
  }
}
