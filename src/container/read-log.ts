import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { LogEntry } from "./log-entry.ts";

const CHUNK = 64 * 1024;
/** A line of a log is no longer: an entry has at most 16 KiB of text, which JSON may make six times as long. */
const LONGEST_LINE = 256 * 1024;
/** Milliseconds between two looks for more. */
const PAUSE = 100;

export interface ReadLogOptions {
  /** Whether the container may still write; asked before the last look for more. Without it, what is there is all. */
  readonly mayGrow?: () => boolean;
  /** Called once, when all that is there has been handed out. */
  readonly onCaughtUp?: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * The entries of a log, the oldest first, file by file; lines that are none are left out.
 * @param paths the newest file first
 */
export async function* readLog(paths: readonly string[], { mayGrow, onCaughtUp, signal }: ReadLogOptions = {}): AsyncGenerator<LogEntry> {
  let file = openOldest(paths);
  let caughtUp = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const growing = mayGrow?.() ?? false;
      file ??= openOldest(paths);
      if (file) yield* file.entries();
      const next = file && openNext(paths, file.inode);
      if (next) {
        yield* file!.entries(); // what came between the two
        file!.close();
        file = next;
        continue;
      }
      if (!caughtUp) await onCaughtUp?.();
      caughtUp = true;
      if (!growing) return;
      await delay(PAUSE, undefined, signal ? { signal } : {});
    }
  } finally {
    file?.close();
  }
}

/** A file of a log that is being read; it stays the same when it gets another name. */
class LogFile {
  readonly inode: number;
  readonly #fd: number;
  #position = 0;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#fd = openSync(path, "r");
    this.inode = fstatSync(this.#fd).ino;
  }

  close(): void {
    closeSync(this.#fd);
  }

  *entries(): Generator<LogEntry> {
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      if (fstatSync(this.#fd).size < this.#position) [this.#position, this.#rest] = [0, Buffer.alloc(0)]; // it was begun anew
      const length = readSync(this.#fd, chunk, 0, CHUNK, this.#position);
      if (length === 0) return;
      this.#position += length;
      let text = Buffer.concat([this.#rest, chunk.subarray(0, length)]);
      for (let end = text.indexOf(0x0a); end >= 0; end = text.indexOf(0x0a)) {
        const found = parseEntry(text.toString("utf8", 0, end));
        if (found) yield found;
        text = text.subarray(end + 1);
      }
      this.#rest = text.length > LONGEST_LINE ? Buffer.alloc(0) : Buffer.from(text);
    }
  }
}

function parseEntry(line: string): LogEntry | undefined {
  try {
    const { log, stream, time } = JSON.parse(line) as Partial<LogEntry>;
    if (typeof log !== "string" || typeof time !== "string" || (stream !== "stdout" && stream !== "stderr")) return undefined;
    return { log, stream, time };
  } catch {
    return undefined;
  }
}

function openOldest(paths: readonly string[]): LogFile | undefined {
  for (const path of paths.toReversed()) {
    const file = tryOpen(path);
    if (file) return file;
  }
  return undefined;
}

/** The file that came after the one with this inode; none where that is still the newest. */
function openNext(paths: readonly string[], inode: number): LogFile | undefined {
  const inodes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.ino);
  const at = inodes.indexOf(inode);
  if (at === 0) return undefined;
  // One that is gone was rotated away: the oldest that is left comes next.
  return at < 0 ? openOldest(paths) : tryOpen(paths[at - 1]!);
}

function tryOpen(path: string): LogFile | undefined {
  try {
    return new LogFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
