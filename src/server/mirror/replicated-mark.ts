import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../storage/folder/durable-file.ts";
import type { Metadata } from "../storage/metadata.ts";
import type { RegistryEvent } from "../storage/records.ts";
import { Trouble } from "../terms/trouble.ts";

/** Changes that are looked through for one that counts. */
const LOOKED_AT = 200;

type Log = Pick<Metadata, "events" | "latestEvents" | "cursor">;

/**
 * The newest change that went to another registry, in a file beside the records which no backup takes along: records that do not know of it are older than what
 * was replicated, however they were put there.
 */
export interface ReplicatedMark {
  /** Whether the records know of all that was replicated from this folder. @param readers cursors of those who replicate */
  isKnown(log: Log, readers: readonly string[]): Promise<boolean>;
  /** To be called before these changes go out; those that came in vain do not count. */
  moveTo(changes: readonly RegistryEvent[]): Promise<void>;
  /** The same for all that there are. */
  moveToEnd(log: Log): Promise<void>;
  /** Takes the records as they are, whatever was replicated before. */
  begin(log: Log): Promise<void>;
}

/** @param folder that of the registry; `report`: a folder that cannot be written keeps nothing from being replicated */
export function replicatedMark(folder: string, report: (problem: Error) => void): ReplicatedMark {
  const path = join(folder, "replicated.json");
  let newest = 0;
  let written = Promise.resolve();
  let told = false;
  const write = (content: Mark): Promise<void> =>
    (written = written.then(() => writeDurably(path, `${JSON.stringify(content)}\n`, join(folder, "temporary"))).catch((cause: unknown) => {
      if (told) return;
      told = true;
      report(new Trouble(`${path} could not be written, by which a restored registry is known`, { cause }));
    }));
  const moveTo = async (changes: readonly RegistryEvent[]): Promise<void> => {
    const last = changes.findLast(counts);
    if (!last || last.id <= newest) return written;
    newest = last.id;
    return write({ event: last.id, change: fingerprint(last) });
  };
  const latest = async (log: Log): Promise<readonly RegistryEvent[]> => (await log.latestEvents({ limit: LOOKED_AT })).toReversed();

  return {
    async isKnown(log, readers) {
      const mark = readMark(path);
      if (mark === undefined) return true;
      if (mark === "unreadable") return false;
      newest = mark.event; // who goes on from an older cursor does not take it back
      const [there] = await log.events({ after: mark.event - 1, limit: 1 });
      if (there) return there.id !== mark.event || fingerprint(there) === mark.change; // one that follows: the marked one is in the archive
      for (const reader of readers) if ((await log.cursor(reader)) >= mark.event) return true;
      return false;
    },
    moveTo,
    moveToEnd: async (log) => moveTo(await latest(log)),
    async begin(log) {
      newest = 0;
      const changes = await latest(log);
      if (changes.some(counts)) await moveTo(changes);
      else await write({ event: 0, change: "" });
    },
  };
}

interface Mark {
  readonly event: number;
  readonly change: string;
}

/** Whether what it says can be copied. Others may be lost in a power cut, and nothing with them. */
function counts({ action }: RegistryEvent): boolean {
  return action.startsWith("tag.") || action.startsWith("manifest.");
}

function fingerprint({ at, action, repository, tag, digest }: RegistryEvent): string {
  return createHash("sha256").update(JSON.stringify([at, action, repository, tag ?? null, digest ?? null])).digest("base64url");
}

function readMark(path: string): Mark | "unreadable" | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { event, change } = JSON.parse(text) as Partial<Mark>;
    return Number.isSafeInteger(event) && typeof change === "string" ? { event: event!, change } : "unreadable";
  } catch {
    return "unreadable";
  }
}
