import { isFault } from "../../std/fault.ts";
import { Database, type SqlValue } from "../database.ts";

/**
 * Copies what can be read of a damaged database into a new one: each table from its beginning and, where something in the middle cannot be
 * read, from its end. Rows that do not fit are left out.
 * @param damaged a file that nobody else uses
 * @returns how many rows that were
 */
export function copyReadableRows(damaged: string, database: Database): number {
  let source: Database;
  try {
    source = new Database(damaged);
  } catch (error) {
    if (isFault(error, "STORE_CORRUPT")) return 0;
    throw error;
  }
  try {
    return database.transaction(() => tablesOf(database).reduce((copied, table) => copied + copyTable(source, database, table), 0));
  } finally {
    source.close();
  }
}

function copyTable(source: Database, database: Database, table: string): number {
  const known = new Set(columnsOf(source, table));
  const columns = columnsOf(database, table).filter((column) => known.has(column));
  if (columns.length === 0) return 0;
  const insert = `INSERT OR IGNORE INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  let copied = 0;
  const copy = (sql: string): boolean => {
    try {
      for (const row of source.each<Record<string, SqlValue>>(sql)) copied += database.run(insert, ...columns.map((column) => row[column]!)).changes;
      return true;
    } catch (error) {
      if (isFault(error) && error.code !== "STORE_CORRUPT") throw error;
      return false;
    }
  };
  // In the order in which the table itself is kept, past its indexes.
  const key = primaryKeyOf(source, table);
  if (!copy(`SELECT * FROM ${table} NOT INDEXED`)) copy(`SELECT * FROM ${table} NOT INDEXED ORDER BY ${key.map((column) => `${column} DESC`).join(", ")}`);
  return copied;
}

function tablesOf(database: Database): string[] {
  return database.all<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid").map(({ name }) => name);
}

/** None where the table is not there, or its definition cannot be read. */
function columnsOf(database: Database, table: string): string[] {
  try {
    return database.all<{ name: string }>("SELECT name FROM pragma_table_info(?)", table).map(({ name }) => name);
  } catch (error) {
    if (isFault(error, "STORE_CORRUPT")) return [];
    throw error;
  }
}

/** Of a table with a key of its own that it is not kept by, and of one without, its rows' number. */
function primaryKeyOf(database: Database, table: string): string[] {
  const withoutRowid = database.get<{ wr: number }>("SELECT wr FROM pragma_table_list WHERE name = ?", table)?.wr === 1;
  return withoutRowid ? database.all<{ name: string }>("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", table).map(({ name }) => name) : ["rowid"];
}
