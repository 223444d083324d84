import { noteName, type Notes } from "../notes.ts";
import type { PostgresContext } from "./context.ts";

export function notePart({ database }: PostgresContext): Notes {
  return {
    note: async (name) => (await database.get<{ value: string }>("SELECT value FROM settings WHERE name = $1", noteName(name)))?.value,
    setNote: (name, text) =>
      database.write({ lazily: true }, async (transaction) => void (await transaction.run("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", noteName(name), text))),
  };
}
