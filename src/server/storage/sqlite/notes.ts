import { noteName, type Notes } from "../notes.ts";
import type { SqliteContext } from "./context.ts";

export function notePart({ database }: SqliteContext): Notes {
  return {
    note: async (name) => database.get<{ value: string }>("SELECT value FROM settings WHERE name = ?", noteName(name))?.value,
    setNote: (name, text) => database.writeLazily(() => void database.run("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", noteName(name), text)),
  };
}
