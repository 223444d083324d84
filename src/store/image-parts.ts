import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { Platform } from "../oci/platform.ts";
import { hostPlatform } from "../oci/platform.ts";
import { selectPlatform } from "../oci/select-platform.ts";
import type { Database } from "./database.ts";
import type { FoundIndex } from "./read-index.ts";

/** An entry of an index that is in the store. */
export interface IndexPart {
  /** As the index has it; the platform is that of the config where it gives none. */
  readonly descriptor: Descriptor;
  /** Whether what it names is here; others may be elsewhere only. */
  readonly present: boolean;
  /** The config's digest, of an image that is here: no attestation, no artifact. */
  readonly image?: Digest;
}

/** An index of several platforms. */
export interface ImageIndex {
  readonly digest: Digest;
  readonly mediaType: string;
  /** In the order of the index; those of an index in it are in its place. */
  readonly parts: readonly IndexPart[];
}

/** Images that stand for themselves: not those that are here only as a platform of an index. */
export const STANDING = `image.state = 1 AND (
  NOT EXISTS (SELECT 1 FROM image_part JOIN image AS whole ON whole.id = index_id WHERE image_part.image = image.id AND whole.state = 1)
  OR EXISTS (SELECT 1 FROM image_name WHERE image_name.image = image.id)
  OR EXISTS (SELECT 1 FROM image_repo_digest WHERE image_repo_digest.image = image.id))`;

/** The layers of each image (`owner`), and those of each index: of all its platforms, each once. */
export const OWNED_LAYERS = `
  SELECT image AS owner, chain_id, diff_id FROM image_layer
  UNION SELECT index_id, chain_id, diff_id FROM image_part JOIN image_layer USING (image)`;

/** Bytes of the layers of an image or index. */
export const IMAGE_SIZE = `
  SELECT coalesce(sum(coalesce(
    (SELECT size FROM snapshot WHERE chain_id = image_layer.chain_id AND state = 1 AND size IS NOT NULL LIMIT 1),
    (SELECT size FROM layer_blob WHERE diff_id = image_layer.diff_id ORDER BY codec <> 'none', digest LIMIT 1),
    0)), 0) AS size
  FROM (${OWNED_LAYERS}) AS image_layer WHERE owner = ?`;

/** Where an image lies in registries, and the indexes that it is a platform of. */
export const SOURCES = `
  SELECT repo_digest AS value FROM image_repo_digest WHERE image = ?1
  UNION SELECT repo_digest FROM image_part JOIN image_repo_digest ON image_repo_digest.image = index_id WHERE image_part.image = ?1 ORDER BY value`;

/** Notes what an index lists and what has to stay for it; what is noted as being here is left so. To be called in a transaction. */
export function writeParts(database: Database, id: Digest, { parts, documents }: FoundIndex): void {
  parts.forEach(({ descriptor, present, image }, position) => database.run(
    `INSERT INTO image_part (index_id, position, manifest, descriptor, present, image) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (index_id, position) DO UPDATE SET present = max(present, excluded.present), image = coalesce(excluded.image, image)`,
    id, position, descriptor.digest, JSON.stringify(descriptor), present ? 1 : 0, image?.id ?? null,
  ));
  for (const digest of [id, ...documents, ...parts.flatMap(({ blobs }) => blobs)]) {
    database.run("INSERT OR IGNORE INTO image_blob (image, digest) VALUES (?, ?)", id, digest);
  }
}

/** What an index lists; nothing for the id of an image. */
export function readParts(database: Database, id: Digest): IndexPart[] {
  return database
    .all<{ descriptor: string; present: number; image: Digest | null }>("SELECT descriptor, present, image FROM image_part WHERE index_id = ? ORDER BY position", id)
    .map(({ descriptor, present, image }) => ({ descriptor: JSON.parse(descriptor) as Descriptor, present: present === 1, ...(image === null ? {} : { image }) }));
}

/** The part for a platform; without one the part for this machine, else the first that is here. */
export function choosePart({ parts }: ImageIndex, platform?: Platform): (IndexPart & { readonly image: Digest }) | undefined {
  const images = parts.filter((part): part is IndexPart & { readonly image: Digest } => part.image !== undefined);
  const chosen = selectPlatform({ manifests: images.map(({ descriptor }) => descriptor) }, platform ?? hostPlatform(process.arch));
  return chosen ? images.find(({ descriptor }) => descriptor === chosen) : platform === undefined ? images[0] : undefined;
}

/**
 * Takes an image's names away, and the image with them unless it is a platform of an index. With an index go those of its
 * images that nothing else has. To be called in a transaction.
 * @returns the ids of all that went
 */
export function dropImage(database: Database, id: Digest): Digest[] {
  database.run("DELETE FROM image_name WHERE image = ?", id);
  database.run("DELETE FROM image_repo_digest WHERE image = ?", id);
  const standing = `SELECT 1 FROM image WHERE id = ? AND ${STANDING}`;
  if (database.get(standing, id) === undefined) return [];
  database.run("UPDATE image SET state = 2 WHERE id = ?", id);
  const parts = database.all<{ image: Digest }>("SELECT DISTINCT image FROM image_part WHERE index_id = ? AND image IS NOT NULL", id);
  return [id, ...parts.flatMap(({ image }) => (isNamed(database, image) ? [] : dropImage(database, image)))];
}

function isNamed(database: Database, id: Digest): boolean {
  return database.get("SELECT 1 FROM image_name WHERE image = ?1 UNION SELECT 1 FROM image_repo_digest WHERE image = ?1", id) !== undefined;
}

/** Notes that some of what an index lists is not here any more. To be called in a transaction. @returns whether any image of it is left */
export function loseParts(database: Database, id: Digest, manifests: readonly Digest[]): boolean {
  for (const manifest of manifests) database.run("UPDATE image_part SET present = 0, image = NULL WHERE index_id = ? AND manifest = ?", id, manifest);
  return database.get("SELECT 1 FROM image_part WHERE index_id = ? AND image IS NOT NULL", id) !== undefined;
}
