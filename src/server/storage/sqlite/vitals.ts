import { statSync } from "node:fs";
import type { Totals, Vitals } from "../vitals.ts";
import type { SqliteContext } from "./context.ts";

/** Whether the database can be written, and how much is in it. */
export function vitalsPart({ database }: SqliteContext): Vitals {
  return {
    checkWritable: () => database.writeLazily(() => void database.get("SELECT 1 FROM schema_migrations")),
    async place() {
      const { ino, birthtimeMs, ctimeMs } = statSync(database.path);
      // Where the system tells no time of birth, Node may give that of the last change.
      return `file ${ino} ${birthtimeMs === ctimeMs ? 0 : Math.floor(birthtimeMs)}`;
    },
    async totals() {
      return database.get<Totals>("SELECT (SELECT count(*) FROM repositories) AS repositories, count(*) AS blobs, coalesce(sum(size), 0) AS bytes FROM blobs")!;
    },
  };
}
