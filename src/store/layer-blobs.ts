import type { Digest } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";

/** A packed form of a layer. */
export interface LayerBlob {
  readonly diffId: Digest;
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  readonly mediaType: string;
  readonly codec: Codec;
  /** How hard it was compressed, where we did it. */
  readonly level?: number | undefined;
}

/** Which blobs hold which layer: what was compressed or fetched once need not be again. */
export class LayerBlobs {
  readonly #database: Database;
  readonly #lease: Lease;

  constructor(database: Database, lease: Lease) {
    this.#database = database;
    this.#lease = lease;
  }

  /** A blob of that layer that is in the store, of that codec and level if they are given; a compressed one first. */
  find(diffId: Digest, options: { codec?: Codec | undefined; level?: number | undefined } = {}): LayerBlob | undefined {
    const row = this.#lease.lookup(
      "blob",
      () => this.#database.get<Row>(
        `SELECT layer_blob.* FROM layer_blob JOIN blob USING (digest)
         WHERE diff_id = ?1 AND blob.state = 1 AND codec = coalesce(?2, codec) AND (?3 IS NULL OR level = ?3)
         ORDER BY codec = 'none', digest LIMIT 1`,
        diffId, options.codec ?? null, options.level ?? null,
      ),
      (found) => found.digest,
    );
    return row && toLayerBlob(row);
  }

  /** What packing that layer so gives, as far as it was done before; the blob need not be in the store. */
  remembered(diffId: Digest, { codec, level }: { codec: Codec; level: number }): LayerBlob | undefined {
    const row = this.#database.get<Row>("SELECT * FROM layer_blob WHERE diff_id = ? AND codec = ? AND level = ? ORDER BY digest LIMIT 1", diffId, codec, level);
    return row && toLayerBlob(row);
  }

  /** The layer that a blob holds, if that was ever learned. */
  diffIdOf(digest: Digest): Digest | undefined {
    return this.#database.get<{ diff_id: Digest }>("SELECT diff_id FROM layer_blob WHERE digest = ?", digest)?.diff_id;
  }

  /** The blob is not what the layer is packed into any more. */
  forget(diffId: Digest, digest: Digest): void {
    this.#database.run("DELETE FROM layer_blob WHERE diff_id = ? AND digest = ?", diffId, digest);
  }

  /** Notes that a blob holds a layer. The blob itself may come later. */
  remember(blob: LayerBlob): void {
    this.#database.run(
      `INSERT INTO layer_blob (diff_id, digest, size, media_type, codec, level) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (diff_id, digest) DO UPDATE SET media_type = excluded.media_type, level = coalesce(excluded.level, level)`,
      blob.diffId, blob.digest, blob.size, blob.mediaType, blob.codec, blob.level ?? null,
    );
  }
}

interface Row {
  readonly diff_id: Digest;
  readonly digest: Digest;
  readonly size: number;
  readonly media_type: string;
  readonly codec: Codec;
  readonly level: number | null;
}

function toLayerBlob(row: Row): LayerBlob {
  const { diff_id: diffId, digest, size, media_type: mediaType, codec, level } = row;
  return { diffId, digest, size, mediaType, codec, ...(level === null ? {} : { level }) };
}
