import { createHash } from "node:crypto";
import { fault } from "../../../std/fault.ts";
import type { Metadata } from "../metadata.ts";
import { recordTables, type RecordRow, type RecordSnapshot, type RecordTable } from "../transfer.ts";

/** Rows of each table. */
export type MovedRecords = Readonly<Record<string, number>>;

/**
 * Fills records with those of another registry, as they are at one moment, and compares what was written with what was read.
 * @throws SERVER_MIGRATION_DIFFERS
 */
export async function moveRecords(source: Pick<Metadata, "snapshot">, target: Metadata, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<MovedRecords> {
  const read = new Map<string, Figures>();
  {
    await using snapshot = await source.snapshot();
    for (const table of recordTables) {
      read.set(table.name, await figuresOf(snapshot, table, async (rows) => {
        signal?.throwIfAborted();
        await target.addRows(table, rows);
      }));
      if (table.ids) await target.reserveIds(table, await snapshot.lastId(table));
    }
  }
  await using written = await target.snapshot();
  for (const table of recordTables) {
    const [wanted, found] = [read.get(table.name)!, await figuresOf(written, table)];
    if (found.rows !== wanted.rows || found.digest !== wanted.digest) throw fault("SERVER_MIGRATION_DIFFERS", { table: table.name, wanted: wanted.rows, found: found.rows });
  }
  return Object.fromEntries([...read].map(([name, { rows }]) => [name, rows]));
}

interface Figures {
  readonly rows: number;
  readonly digest: string;
}

async function figuresOf(snapshot: RecordSnapshot, table: RecordTable, onRows?: (rows: readonly RecordRow[]) => Promise<void>): Promise<Figures> {
  const hash = createHash("sha256");
  let count = 0;
  for await (const rows of snapshot.rows(table)) {
    for (const row of rows) hash.update(`${JSON.stringify(table.columns.map((column) => comparable(row[column]!)))}\n`);
    count += rows.length;
    await onRows?.(rows);
  }
  return { rows: count, digest: hash.digest("hex") };
}

/** PostgreSQL has no NUL in texts: what clients have put there becomes another sign. */
function comparable(value: RecordRow[string]): unknown {
  if (typeof value === "string") return value.replaceAll("\0", "\ufffd");
  return value instanceof Uint8Array ? [createHash("sha256").update(value).digest("hex")] : value;
}
