import { BLOBS_PLACE, everyPage, FILLED_FROM, pageQuery, problemOf, quoted, recordTables, TABLES_OF_CONTENT, type RecordRow, type RecordValue, type Transfer } from "../transfer.ts";
import type { PostgresContext } from "./context.ts";
import { databaseFault } from "./database-fault.ts";
import { SCHEMA, type PostgresReader } from "./postgres-database.ts";

/** Moves records in and out. `order` puts events in their order that nobody has read. */
export function transferPart({ database }: PostgresContext, order: () => Promise<void>): Transfer {
  const setting = async (reader: PostgresReader, name: string): Promise<string | undefined> => (await reader.get<{ value: string }>("SELECT value FROM settings WHERE name = $1", name))?.value;
  const problem = async (reader: PostgresReader, source: string, blobs: string): Promise<string | undefined> => {
    const filled = await setting(reader, FILLED_FROM);
    let content = false;
    for (const name of filled === undefined ? TABLES_OF_CONTENT : []) content ||= (await reader.get(`SELECT 1 AS found FROM ${name} LIMIT 1`)) !== undefined;
    return problemOf({ filledFrom: filled, content, blobs: await setting(reader, BLOBS_PLACE) }, source, blobs);
  };
  const sequenceOf = (table: string): string => `pg_get_serial_sequence('${SCHEMA}.${table}', 'id')`;
  return {
    async snapshot() {
      await order();
      const client = await database.session();
      let broken = false;
      const ask = async <Row>(sql: string, values: readonly RecordValue[] = []): Promise<Row[]> => {
        try {
          return (await client.query(sql, [...values])).rows as Row[];
        } catch (error) {
          broken = true;
          throw databaseFault(error, database.place);
        }
      };
      try {
        await ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        await ask("SELECT 1 FROM repositories LIMIT 1");
      } catch (error) {
        client.release(true); // what is never given back keeps the program from ending
        throw error;
      }
      return {
        rows: (table) => everyPage(table, (after) => ask<RecordRow>(pageQuery(table, after !== undefined, (number) => `$${number}`), after)),
        lastId: async ({ name }) => (await ask<{ last: number }>(`SELECT coalesce(pg_sequence_last_value(${sequenceOf(name)}), 0) AS last`))[0]!.last,
        async [Symbol.asyncDispose]() {
          await client.query("COMMIT").catch(() => (broken = true));
          client.release(broken);
        },
      };
    },

    filledFrom: () => setting(database, FILLED_FROM),

    fillingProblem: (source, blobs) => problem(database, source, blobs),

    beginFilling: (source, blobs) =>
      database.write({}, async (transaction) => {
        await transaction.run("LOCK TABLE settings IN EXCLUSIVE MODE"); // a server that begins at this moment says first where its blobs are
        const found = await problem(transaction, source, blobs);
        if (found !== undefined) return found;
        await transaction.run("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", BLOBS_PLACE, blobs);
        for (const name of [...recordTables.map((table) => table.name), "event_arrivals", "limit_sums"]) await transaction.run(`DELETE FROM ${name}`);
        await transaction.run("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", FILLED_FROM, source);
        return undefined;
      }),

    addRows: ({ name, columns }, rows) =>
      database.write({ lazily: true }, async (transaction) => {
        const values = rows.map((_, row) => `(${columns.map((_column, column) => `$${row * columns.length + column + 1}`).join(", ")})`);
        await transaction.run(`INSERT INTO ${name} (${columns.map(quoted).join(", ")}) OVERRIDING SYSTEM VALUE VALUES ${values.join(", ")}`, ...rows.flatMap((row) => columns.map((column) => row[column]!)));
      }),

    reserveIds: ({ name }, upTo) =>
      database.write({ lazily: true }, async (transaction) => {
        if (upTo > 0) await transaction.all(`SELECT setval(${sequenceOf(name)}, $1::bigint)`, upTo);
      }),

    endFilling: () => database.write({}, async (transaction) => void (await transaction.run("DELETE FROM settings WHERE name = $1", FILLED_FROM))),
  };
}
