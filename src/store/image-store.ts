import { readFileSync } from "node:fs";
import { chainId } from "../oci/chain-id.ts";
import type { Digest } from "../oci/digest.ts";
import { parseImageConfig, type ImageConfig } from "../oci/image-config.ts";
import { parseManifest } from "../oci/manifest.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { fault, isFault } from "../std/fault.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Database } from "./database.ts";
import { findImageId } from "./find-image.ts";
import type { Lease, LeaseKind } from "./lease.ts";

/** An image on this machine. */
export interface ImageRecord {
  /** The digest of its config, which Docker calls the image id. */
  readonly id: Digest;
  readonly config: ImageConfig;
  /** The manifest it came with or was last exported with; none for an image that was built and never packed. */
  readonly manifest?: { readonly digest: Digest; readonly mediaType: string } | undefined;
  /** Full references with tag, `docker.io/library/alpine:3.20`, sorted. */
  readonly names: readonly string[];
  /** Where it lies in registries, `docker.io/library/alpine@sha256:…`, sorted. */
  readonly repoDigests: readonly string[];
  /** The config's creation time in milliseconds since the epoch; 0 where it gives none. */
  readonly created: number;
  /** Bytes of its layers' files; of their blobs where a layer was never unpacked here. */
  readonly size: number;
}

export interface NewImage {
  readonly config: Uint8Array;
  readonly manifest?: { readonly bytes: Uint8Array; readonly mediaType: string } | undefined;
  readonly names: readonly string[];
  readonly repoDigests?: readonly string[] | undefined;
}

/** Names and records of images. Their bytes are blobs and snapshots, which live as long as an image needs them. */
export class ImageStore {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #blobs: BlobStore;

  constructor(database: Database, lease: Lease, blobs: BlobStore) {
    this.#database = database;
    this.#lease = lease;
    this.#blobs = blobs;
  }

  /**
   * Records an image and gives it names; an image that had one of them loses it. Layers may be missing still.
   * @throws DOCUMENT_INVALID, REFERENCE_INVALID
   */
  put(image: NewImage): ImageRecord {
    const config = parseImageConfig(image.config);
    const names = image.names.map(fullName);
    const id = this.#blobs.writeBytes(image.config);
    const manifest = image.manifest && this.#writeManifest(image.manifest.bytes);
    return this.#database.transaction(() => {
      this.#database.run(
        "INSERT INTO image (id, created, state) VALUES (?, ?, 1) ON CONFLICT (id) DO UPDATE SET state = 1",
        id, (config.created && Date.parse(config.created)) || 0,
      );
      this.#lease.hold("image", id);
      config.rootfs.diff_ids.forEach((diffId, position) => this.#database.run(
        "INSERT OR REPLACE INTO image_layer (image, position, diff_id, chain_id) VALUES (?, ?, ?, ?)",
        id, position, diffId, chainId(config.rootfs.diff_ids.slice(0, position + 1))!,
      ));
      this.#database.run("INSERT OR IGNORE INTO image_blob (image, digest) VALUES (?, ?)", id, id);
      if (manifest) this.#linkManifest(id, manifest, image.manifest!.mediaType);
      for (const name of names) this.#setName(id, name);
      for (const repoDigest of image.repoDigests ?? []) this.addRepoDigest(id, repoDigest);
      return this.get(id)!;
    });
  }

  /** The image of that id; undefined where there is none. */
  get(id: Digest): ImageRecord | undefined {
    const row = this.#lease.lookup(
      "image",
      () => this.#database.get<Row>("SELECT * FROM image WHERE id = ? AND state = 1", id),
      (found) => found.id,
    );
    return row && this.#record(row);
  }

  /**
   * The image that a person means: a name (`alpine`, `team/app:1`), an id or the beginning of one, `repo@sha256:…`.
   * @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS
   */
  find(text: string): ImageRecord {
    const record = this.get(findImageId(this.#database, text));
    if (record === undefined) throw fault("IMAGE_NOT_FOUND", { reference: text, near: [] });
    return record;
  }

  /** All images, the newest first. They are not held: one that another process removes meanwhile is left out. */
  list(): ImageRecord[] {
    return this.#database.all<Row>("SELECT * FROM image WHERE state = 1 ORDER BY created DESC, id").flatMap((row) => {
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
      this.#setName(id, full);
    });
  }

  /** Takes a name away and leaves the image. @returns whether there was such a name. */
  untag(name: string): boolean {
    return this.#database.run("DELETE FROM image_name WHERE name = ?", fullName(name)).changes > 0;
  }

  /** Removes the image if it has no name: what was only made to be exported. */
  removeUnnamed(id: Digest): void {
    this.#database.transaction(() => {
      if (this.get(id)?.names.length === 0) this.remove(id);
    });
  }

  /**
   * Removes the image and all of its names; what it alone needed goes with the next collection, and not before
   * the processes that are using it have ended. @returns whether there was such an image.
   */
  remove(id: Digest): boolean {
    return this.#database.transaction(() => {
      this.#letGo(id);
      this.#database.run("DELETE FROM image_name WHERE image = ?", id);
      this.#database.run("DELETE FROM image_repo_digest WHERE image = ?", id);
      return this.#database.run("UPDATE image SET state = 2 WHERE id = ? AND state = 1", id).changes > 0;
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
    const { host, repository, digest } = parseReference(repoDigest);
    if (digest === undefined) throw fault("REFERENCE_INVALID", { reference: repoDigest, problem: "it has no digest" });
    this.#database.run("INSERT OR IGNORE INTO image_repo_digest (repo_digest, image) VALUES (?, ?)", `${host}/${repository}@${digest}`, id);
  }

  /** Whoever removes an image has no use for what it consists of. */
  #letGo(id: Digest): void {
    this.#lease.drop("image", id);
    for (const { kind, object } of this.#database.all<{ kind: LeaseKind; object: string }>(PARTS, id)) this.#lease.drop(kind, object);
  }

  #setName(id: Digest, name: string): void {
    this.#database.run("INSERT INTO image_name (name, image) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET image = excluded.image", name, id);
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

  #record(row: Row): ImageRecord {
    const config = parseImageConfig(readConfig(this.#blobs.path(row.id), row.id), `the config of image ${row.id}`);
    return {
      id: row.id,
      config,
      names: this.#column("SELECT name AS value FROM image_name WHERE image = ? ORDER BY name", row.id),
      repoDigests: this.#column("SELECT repo_digest AS value FROM image_repo_digest WHERE image = ? ORDER BY repo_digest", row.id),
      created: row.created,
      size: this.#database.get<{ size: number }>(IMAGE_SIZE, row.id)!.size,
      ...(row.manifest !== null && row.manifest_type !== null ? { manifest: { digest: row.manifest, mediaType: row.manifest_type } } : {}),
    };
  }

  #column(sql: string, id: Digest): string[] {
    return this.#database.all<{ value: string }>(sql, id).map((row) => row.value);
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

const IMAGE_SIZE = `
  SELECT coalesce(sum(coalesce(
    (SELECT size FROM snapshot WHERE chain_id = image_layer.chain_id AND state = 1 AND size IS NOT NULL LIMIT 1),
    (SELECT size FROM layer_blob WHERE diff_id = image_layer.diff_id ORDER BY codec <> 'none', digest LIMIT 1),
    0)), 0) AS size
  FROM image_layer WHERE image = ?`;

/** Without holding the blob: the image's row holds it, and a list of images holds nothing. */
function readConfig(path: string, id: Digest): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw fault("BLOB_MISSING", { digest: id }, { cause });
  }
}

function fullName(name: string): string {
  const { digest, ...reference } = parseReference(name);
  if (digest !== undefined) throw fault("REFERENCE_INVALID", { reference: name, problem: "a name that an image gets has a tag and no digest" });
  return formatReference(reference);
}
