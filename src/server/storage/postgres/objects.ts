import type { Digest } from "../../../oci/digest.ts";
import type { ObjectRecords, UploadPiece } from "../object-records.ts";
import type { PostgresContext } from "./context.ts";
import { placedOf, uploadOf, type PlacedRow, type UploadRow } from "../rows.ts";
import { readList } from "./lists.ts";
import { lockKey } from "./postgres-database.ts";
import type { Transaction } from "./transaction.ts";

/** Uploads and objects. Whoever changes an upload has its row locked. A crash of the database may take back what is only on its way; where bytes lie is durable. */
export function objectPart({ database }: PostgresContext): ObjectRecords {
  const lazily = { lazily: true };
  const lockedRow = (transaction: Transaction, id: string): Promise<UploadRow | undefined> => transaction.get<UploadRow>("SELECT * FROM uploads WHERE id = $1 FOR UPDATE", id);
  const PIECES = "SELECT start, size, kind, name FROM upload_pieces WHERE upload = $1 ORDER BY start";

  return {
    async registryId() {
      return (await database.get<{ value: string }>("SELECT value FROM settings WHERE name = 'registry'"))!.value;
    },

    createUpload: ({ id, repository, algorithm, owner, partSize }, { limit }) =>
      database.write(lazily, async (transaction) => {
        // Those that begin at the same time count each other.
        await transaction.all(`SELECT pg_advisory_xact_lock(${lockKey("uploads")})`);
        return (await transaction.run(
          `INSERT INTO uploads (id, repository, algorithm, owner, part_size, touched_at) SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM uploads) < $7::bigint`,
          id, repository, algorithm, owner ?? null, partSize, transaction.now, limit,
        )) > 0;
      }),

    async uploadCount(owner) {
      const [where, values] = owner === undefined ? ["", []] : [" WHERE owner = $1", [owner]];
      return (await database.get<{ count: number }>(`SELECT count(*) AS count FROM uploads${where}`, ...values))!.count;
    },

    async findUpload(id) {
      const row = await database.get<UploadRow>("SELECT * FROM uploads WHERE id = $1", id);
      return row && uploadOf(row, await database.all<UploadPiece>(PIECES, id));
    },

    claimUpload: (id, { worker, lease }) =>
      database.write(lazily, async (transaction) => {
        const row = await lockedRow(transaction, id);
        if (!row) return "gone";
        if (row.worker !== null && row.worker !== worker && row.claimed_until > transaction.now) return "busy";
        await transaction.run("UPDATE uploads SET worker = $1, claimed_until = $2 WHERE id = $3", worker, transaction.now + lease, id);
        return uploadOf(row, await transaction.all<UploadPiece>(PIECES, id));
      }),

    releaseUpload: (id, worker, ended) =>
      database.write(lazily, async (transaction) =>
        void (await transaction.run("UPDATE uploads SET worker = NULL, claimed_until = 0, ended = $1, touched_at = $2 WHERE id = $3 AND worker = $4", ended, transaction.now, id, worker))),

    changeUpload: (id, worker, { multipart, piece }) =>
      database.write(lazily, async (transaction) => {
        if ((await lockedRow(transaction, id))?.worker !== worker) return false;
        await transaction.run("UPDATE uploads SET touched_at = $1 WHERE id = $2", transaction.now, id);
        if (multipart) await transaction.run("UPDATE uploads SET object = $1, multipart = $2 WHERE id = $3", multipart.object, multipart.id, id);
        if (piece) {
          await dropPieces(transaction, id, piece.start);
          await transaction.run("INSERT INTO upload_pieces (upload, start, size, kind, name) VALUES ($1, $2, $3, $4, $5)", id, piece.start, piece.size, piece.kind, piece.name);
        }
        return true;
      }),

    endUpload: (id, placed) =>
      database.write({ lazily: placed === undefined }, async (transaction) => {
        const row = await lockedRow(transaction, id);
        if (!row || (placed && row.worker !== placed.worker)) return false;
        const { size } = (await transaction.get<{ size: number }>("SELECT coalesce(sum(size), 0)::bigint AS size FROM upload_pieces WHERE upload = $1", id))!;
        await dropPieces(transaction, id, 0, placed?.object);
        if (row.object !== null && row.object !== placed?.object) await condemn(transaction, [row.object], row.multipart);
        await transaction.run("DELETE FROM uploads WHERE id = $1", id);
        if (!placed) return true;
        // Of two uploads of the same bytes one comes after the other, and condemns what that has placed.
        await transaction.all(`SELECT pg_advisory_xact_lock(${lockKey(`object ${placed.digest}`)})`);
        await condemnObjectOf(transaction, placed.digest);
        await transaction.run("INSERT INTO blob_objects (digest, object, size, placed_at) VALUES ($1, $2, $3, $4)", placed.digest, placed.object, size, transaction.now);
        return true;
      }),

    async expiredUploads({ age, limit }) {
      const now = database.clock.now();
      const rows = await database.all<{ id: string }>("SELECT id FROM uploads WHERE touched_at < $1 AND claimed_until < $2 ORDER BY touched_at LIMIT $3", now - age, now, limit);
      return rows.map(({ id }) => id);
    },

    async objectOf(digest) {
      const row = await database.get<PlacedRow>("SELECT * FROM blob_objects WHERE digest = $1", digest);
      return row && placedOf(row);
    },

    objects: (range) => readList(database, "SELECT * FROM blob_objects WHERE digest > $1 ORDER BY digest", [range.after ?? ""], range, placedOf),

    async strayObjects(found) {
      const rows = await database.all<{ name: string }>(
        `SELECT found.name FROM unnest($1::text[], $2::text[]) AS found (name, upload)
          WHERE NOT EXISTS (SELECT 1 FROM uploads WHERE id = found.upload)
            AND NOT EXISTS (SELECT 1 FROM blob_objects WHERE object = found.name)
            AND NOT EXISTS (SELECT 1 FROM condemned_objects c WHERE c.name = found.name)`,
        found.map(({ name }) => name), found.map(({ upload }) => upload),
      );
      return rows.map(({ name }) => name);
    },

    async condemnedObjects(limit) {
      const rows = await database.all<{ name: string; multipart: string | null }>("SELECT name, multipart FROM condemned_objects ORDER BY condemned_at, name LIMIT $1", limit);
      return rows.map(({ name, multipart }) => ({ name, multipart: multipart ?? undefined }));
    },

    forgetCondemned: async (names) => void (await database.write(lazily, (transaction) => transaction.run("DELETE FROM condemned_objects WHERE name = ANY ($1::text[])", names))),
  };
}

/** The bytes of the digest lie nowhere from now on. */
export async function condemnObjectOf(transaction: Transaction, digest: Digest): Promise<void> {
  const rows = await transaction.all<{ object: string }>("DELETE FROM blob_objects WHERE digest = $1 RETURNING object", digest);
  await condemn(transaction, rows.map(({ object }) => object), null);
}

async function condemn(transaction: Transaction, names: readonly string[], multipart: string | null): Promise<void> {
  if (names.length === 0) return;
  await transaction.run("INSERT INTO condemned_objects (name, multipart, condemned_at) SELECT unnest($1::text[]), $2, $3 ON CONFLICT DO NOTHING", names, multipart, transaction.now);
}

async function dropPieces(transaction: Transaction, id: string, from: number, kept?: string): Promise<void> {
  const rows = await transaction.all<{ name: string; kind: string }>("DELETE FROM upload_pieces WHERE upload = $1 AND start >= $2 RETURNING name, kind", id, from);
  await condemn(transaction, rows.filter(({ name, kind }) => kind === "object" && name !== kept).map(({ name }) => name), null);
}
