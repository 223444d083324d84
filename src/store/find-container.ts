import { fault } from "../std/fault.ts";
import type { ContainerRow } from "./container-store.ts";
import type { Database } from "./database.ts";

/**
 * The row of the container that a text means, in Docker's order: a whole id, a name, the beginning of an id.
 * @throws CONTAINER_NOT_FOUND, CONTAINER_AMBIGUOUS
 */
export function findContainerRow(database: Database, text: string): ContainerRow {
  const name = text.startsWith("/") ? text.slice(1) : text;
  const row = database.get<ContainerRow>("SELECT * FROM container WHERE id = ?", text) ?? database.get<ContainerRow>("SELECT * FROM container WHERE name = ?", name);
  if (row) return row;
  // Only hexadecimal digits, so nothing in it means something to GLOB.
  const matches = /^[a-f0-9]{1,64}$/.test(text) ? database.all<ContainerRow>("SELECT * FROM container WHERE id GLOB ? LIMIT 5", `${text}*`) : [];
  if (matches.length > 1) throw fault("CONTAINER_AMBIGUOUS", { container: text, matches: matches.map(({ id }) => id.slice(0, 12)) });
  if (matches[0] === undefined) throw fault("CONTAINER_NOT_FOUND", { container: text });
  return matches[0];
}
