import { open } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../../std/make-folder.ts";
import { fileBeside } from "../config/values.ts";
import { syncFolder } from "../storage/folder/durable-file.ts";
import type { Metadata } from "../storage/metadata.ts";
import type { RegistryEvent } from "../storage/records.ts";
import { eventView } from "./event-view.ts";

const AT_ONCE = 500;

export interface ArchiveOptions {
  /** How long events stay where they are, in milliseconds; 0 for ever. */
  readonly keep: number;
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Where a configuration has them archived. */
export function archiveOf(audit: { readonly keep: number; readonly archive?: string | undefined }, { root, configFile }: { root: string; configFile: string }): ArchiveOptions {
  return { keep: audit.keep, folder: audit.archive === undefined ? join(root, "audit") : fileBeside(configFile, audit.archive) };
}

/**
 * Moves old events to files, one for each month, as lines of JSON. An event leaves the database when its line is durable: a crash between
 * leaves it in both, with the same id. For one process at a time.
 * @returns how many were moved
 */
export async function archiveEvents(metadata: Pick<Metadata, "events" | "forgetEvents">, { keep, folder, signal }: ArchiveOptions): Promise<number> {
  if (keep === 0) return 0;
  const before = Date.now() - keep;
  for (let moved = 0; ; ) {
    signal?.throwIfAborted();
    const events = await metadata.events({ after: 0, limit: AT_ONCE });
    const young = events.findIndex(({ at }) => at >= before);
    const old = young < 0 ? events : events.slice(0, young);
    if (old.length > 0) {
      await append(folder, old);
      await metadata.forgetEvents(old.at(-1)!.id);
    }
    moved += old.length;
    if (old.length < AT_ONCE) return moved;
  }
}

async function append(folder: string, events: readonly RegistryEvent[]): Promise<void> {
  makeFolder(folder);
  const months = Map.groupBy(events, ({ at }) => new Date(at).toISOString().slice(0, 7));
  for (const [month, rows] of months) {
    const file = await open(join(folder, `events-${month}.jsonl`), "a", 0o600);
    try {
      await file.writeFile(rows.map((event) => `${JSON.stringify(eventView(event))}\n`).join(""));
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await syncFolder(folder);
}
