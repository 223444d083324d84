import type { Cursors } from "../cursors.ts";
import type { SqliteContext } from "./context.ts";

/** Cursors in the log of changes. */
export function cursorPart({ database }: SqliteContext): Cursors {
  return {
    cursor: (reader) =>
      database.write(() => {
        database.run("INSERT INTO event_cursors (reader, event) SELECT ?, coalesce(max(id), 0) FROM events WHERE true ON CONFLICT DO NOTHING", reader);
        return database.get<{ event: number }>("SELECT event FROM event_cursors WHERE reader = ?", reader)!.event;
      }),
    moveCursor: (reader, event) => database.writeLazily(() => void database.run("UPDATE event_cursors SET event = ? WHERE reader = ?", event, reader)),
  };
}
