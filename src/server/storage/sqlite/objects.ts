import type { Digest } from "../../../oci/digest.ts";
import type { ObjectRecords, UploadPiece } from "../object-records.ts";
import type { SqliteContext } from "./context.ts";
import { placedOf, uploadOf, type PlacedRow, type UploadRow } from "../rows.ts";
import { readList } from "./lists.ts";

/** Uploads and objects. A power cut may take back what is only on its way; where bytes lie is durable. */
export function objectPart({ database }: SqliteContext): ObjectRecords {
  const rowOf = (id: string): UploadRow | undefined => database.get<UploadRow>("SELECT * FROM uploads WHERE id = ?", id);
  const piecesOf = (id: string): UploadPiece[] => database.all<UploadPiece>("SELECT start, size, kind, name FROM upload_pieces WHERE upload = ? ORDER BY start", id).map((row) => ({ ...row }));
  const condemn = (name: string, multipart: string | null): void => {
    database.run("INSERT OR IGNORE INTO condemned_objects (name, multipart, condemned_at) VALUES (?, ?, ?)", name, multipart, Date.now());
  };
  const dropPieces = (id: string, from: number, kept?: string): void => {
    const rows = database.all<{ name: string }>("SELECT name FROM upload_pieces WHERE upload = ? AND start >= ? AND kind = 'object'", id, from);
    for (const { name } of rows) if (name !== kept) condemn(name, null);
    database.run("DELETE FROM upload_pieces WHERE upload = ? AND start >= ?", id, from);
  };

  const count = (owner?: string): number => {
    const [where, values] = owner === undefined ? ["", []] : [" WHERE owner = ?", [owner]];
    return database.get<{ count: number }>(`SELECT count(*) AS count FROM uploads${where}`, ...values)!.count;
  };

  return {
    async registryId() {
      return database.get<{ id: string }>("SELECT id FROM identity")!.id;
    },

    createUpload: ({ id, repository, algorithm, owner, partSize }, { limit }) =>
      database.writeLazily(() => {
        if (count() >= limit) return false;
        database.run("INSERT INTO uploads (id, repository, algorithm, owner, part_size, touched_at) VALUES (?, ?, ?, ?, ?, ?)", id, repository, algorithm, owner ?? null, partSize, Date.now());
        return true;
      }),

    uploadCount: async (owner) => count(owner),

    async findUpload(id) {
      const row = rowOf(id);
      return row && uploadOf(row, piecesOf(row.id));
    },

    claimUpload: (id, { worker, lease }) =>
      database.writeLazily(() => {
        const row = rowOf(id);
        if (!row) return "gone";
        if (row.worker !== null && row.worker !== worker && row.claimed_until > Date.now()) return "busy";
        database.run("UPDATE uploads SET worker = ?, claimed_until = ? WHERE id = ?", worker, Date.now() + lease, id);
        return uploadOf(row, piecesOf(row.id));
      }),

    releaseUpload: (id, worker, ended) =>
      database.writeLazily(() => void database.run("UPDATE uploads SET worker = NULL, claimed_until = 0, ended = ?, touched_at = ? WHERE id = ? AND worker = ?", ended ? 1 : 0, Date.now(), id, worker)),

    changeUpload: (id, worker, { multipart, piece }) =>
      database.writeLazily(() => {
        if (rowOf(id)?.worker !== worker) return false;
        database.run("UPDATE uploads SET touched_at = ? WHERE id = ?", Date.now(), id);
        if (multipart) database.run("UPDATE uploads SET object = ?, multipart = ? WHERE id = ?", multipart.object, multipart.id, id);
        if (piece) {
          dropPieces(id, piece.start);
          database.run("INSERT INTO upload_pieces (upload, start, size, kind, name) VALUES (?, ?, ?, ?, ?)", id, piece.start, piece.size, piece.kind, piece.name);
        }
        return true;
      }),

    endUpload: (id, placed) =>
      (placed ? database.write : database.writeLazily)(() => {
        const row = rowOf(id);
        if (!row || (placed && row.worker !== placed.worker)) return false;
        const size = database.get<{ size: number }>("SELECT coalesce(sum(size), 0) AS size FROM upload_pieces WHERE upload = ?", id)!.size;
        dropPieces(id, 0, placed?.object);
        if (row.object !== null && row.object !== placed?.object) condemn(row.object, row.multipart);
        database.run("DELETE FROM uploads WHERE id = ?", id);
        if (!placed) return true;
        condemnObjectOf({ database }, placed.digest);
        database.run("INSERT INTO blob_objects (digest, object, size, placed_at) VALUES (?, ?, ?, ?)", placed.digest, placed.object, size, Date.now());
        return true;
      }),

    async expiredUploads({ age, limit }) {
      const now = Date.now();
      return database.all<{ id: string }>("SELECT id FROM uploads WHERE touched_at < ? AND claimed_until < ? ORDER BY touched_at LIMIT ?", now - age, now, limit).map(({ id }) => id);
    },

    async objectOf(digest) {
      const row = database.get<PlacedRow>("SELECT * FROM blob_objects WHERE digest = ?", digest);
      return row && placedOf(row);
    },

    async objects(range) {
      return readList(database, "SELECT * FROM blob_objects WHERE digest > ? ORDER BY digest", [range.after ?? ""], range, placedOf);
    },

    async strayObjects(found) {
      return database
        .all<{ name: string }>(
          `SELECT value ->> 'name' AS name FROM json_each(?) AS found
            WHERE NOT EXISTS (SELECT 1 FROM uploads WHERE id = value ->> 'upload')
              AND NOT EXISTS (SELECT 1 FROM blob_objects WHERE object = value ->> 'name')
              AND NOT EXISTS (SELECT 1 FROM condemned_objects WHERE name = value ->> 'name')`,
          JSON.stringify(found),
        )
        .map(({ name }) => name);
    },

    async condemnedObjects(limit) {
      const rows = database.all<{ name: string; multipart: string | null }>("SELECT name, multipart FROM condemned_objects ORDER BY condemned_at LIMIT ?", limit);
      return rows.map(({ name, multipart }) => ({ name, multipart: multipart ?? undefined }));
    },

    forgetCondemned: (names) =>
      database.writeLazily(() => {
        for (const name of names) database.run("DELETE FROM condemned_objects WHERE name = ?", name);
      }),
  };
}

/** Inside of a transaction: the bytes of the digest lie nowhere from now on. */
export function condemnObjectOf({ database }: Pick<SqliteContext, "database">, digest: Digest): void {
  database.run("INSERT OR IGNORE INTO condemned_objects (name, condemned_at) SELECT object, ? FROM blob_objects WHERE digest = ?", Date.now(), digest);
  database.run("DELETE FROM blob_objects WHERE digest = ?", digest);
}
