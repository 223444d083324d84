import { Database } from "../../../store/database.ts";
import { everyPage, FILLED_FROM, pageQuery, problemOf, quoted, recordTables, TABLES_OF_CONTENT, type RecordRow, type Transfer } from "../transfer.ts";
import type { SqliteContext } from "./context.ts";

/** Moves records in and out. */
export function transferPart({ database }: SqliteContext): Transfer {
  const filledFrom = (): string | undefined => database.get<{ value: string }>("SELECT value FROM settings WHERE name = ?", FILLED_FROM)?.value;
  /** Where blobs are is known from the folder. */
  const problem = (source: string, blobs: string): string | undefined =>
    problemOf({ filledFrom: filledFrom(), content: TABLES_OF_CONTENT.some((name) => database.get(`SELECT 1 FROM ${name} LIMIT 1`)), blobs: undefined }, source, blobs);
  return {
    async snapshot() {
      // A connection of its own, whose one transaction sees nothing of what others write from now on.
      const reader = new Database(database.path);
      reader.exec("BEGIN");
      reader.get("SELECT 1 FROM repositories LIMIT 1");
      return {
        rows: (table) => everyPage(table, async (after) => reader.all<RecordRow>(pageQuery(table, after !== undefined, () => "?"), ...(after ?? []))),
        lastId: async ({ name }) => reader.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = ?", name)?.seq ?? 0,
        async [Symbol.asyncDispose]() {
          reader.exec("COMMIT");
          reader.close();
        },
      };
    },

    filledFrom: async () => filledFrom(),

    fillingProblem: async (source, blobs) => problem(source, blobs),

    beginFilling: (source, blobs) =>
      database.write(() => {
        const found = problem(source, blobs);
        if (found !== undefined) return found;
        for (const { name } of recordTables) database.run(`DELETE FROM ${name}`);
        database.run("INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)", FILLED_FROM, source);
        return undefined;
      }),

    addRows: ({ name, columns }, rows) =>
      database.writeLazily(() => {
        const statement = `INSERT INTO ${name} (${columns.map(quoted).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
        for (const row of rows) database.run(statement, ...columns.map((column) => row[column]!));
      }),

    reserveIds: ({ name }, upTo) =>
      database.writeLazily(() => {
        if (database.run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", upTo, name).changes === 0) database.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", name, upTo);
      }),

    endFilling: () => database.write(() => void database.run("DELETE FROM settings WHERE name = ?", FILLED_FROM)),
  };
}
