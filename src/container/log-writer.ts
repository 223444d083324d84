import { closeSync, fstatSync, ftruncateSync, openSync, renameSync, writeSync } from "node:fs";
import type { LogEntry } from "./log-entry.ts";

/** Bytes after which a line without an end is written as a piece, as docker does. */
const LONGEST = 16 * 1024;
const NEWLINE = 0x0a;

/**
 * Writes what a container says to a file, an entry of JSON per line, and keeps no more than a number of files of a size.
 * It never fails: what the disk does not take is counted as lost, so that the container goes on.
 */
export class LogWriter implements Disposable {
  readonly #paths: readonly string[];
  readonly #limit: number;
  readonly #pending = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #fd: number | undefined;
  #size = 0;
  #lost = 0;
  #problem = "";

  /** @param paths the newest file first @param limit bytes of one file */
  constructor(paths: readonly string[], limit: number) {
    this.#paths = paths;
    this.#limit = limit;
  }

  /** What was not written and why; empty where all was. */
  get loss(): string {
    return this.#lost === 0 ? "" : `${this.#lost} bytes of output were not logged: ${this.#problem}`;
  }

  write(stream: LogEntry["stream"], data: Uint8Array): void {
    const time = now();
    let rest = this.#pending[stream].length === 0 ? Buffer.from(data.buffer, data.byteOffset, data.length) : Buffer.concat([this.#pending[stream], data]);
    const entries: string[] = [];
    for (;;) {
      const end = rest.indexOf(NEWLINE) + 1;
      const length = end > 0 && end <= LONGEST ? end : rest.length >= LONGEST ? wholeCharacters(rest) : 0;
      if (length === 0) break;
      entries.push(entry(rest.subarray(0, length), stream, time));
      rest = rest.subarray(length);
    }
    this.#pending[stream] = Buffer.from(rest); // a copy: the caller may use its memory again
    if (entries.length > 0) this.#append(entries);
  }

  /** Writes what has no line end yet. */
  [Symbol.dispose](): void {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.#pending[stream].length > 0) this.#append([entry(this.#pending[stream], stream, now())]);
      this.#pending[stream] = Buffer.alloc(0);
    }
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #append(entries: readonly string[]): void {
    let batch: string[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (batch.length > 0) this.#writeBytes(Buffer.from(batch.join("")));
      batch = [];
      bytes = 0;
    };
    for (const text of entries) {
      const length = Buffer.byteLength(text);
      if (this.#size + bytes + length > this.#limit && this.#size + bytes > 0) {
        flush();
        this.#rotate();
      }
      batch.push(text);
      bytes += length;
    }
    flush();
  }

  #writeBytes(bytes: Buffer): void {
    try {
      const fd = this.#open();
      let written = 0;
      while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written, this.#size + written);
      this.#size += bytes.length;
    } catch (error) {
      this.#lost += bytes.length;
      this.#problem = (error as NodeJS.ErrnoException).code === "ENOSPC" ? "no space left on the device" : (error as Error).message;
      this.#forgetPiece();
    }
  }

  /** A piece of an entry that was written before the disk was full would spoil the next one. */
  #forgetPiece(): void {
    try {
      if (this.#fd !== undefined) ftruncateSync(this.#fd, this.#size);
    } catch {
      // Readers leave out what is no entry.
    }
  }

  #open(): number {
    if (this.#fd === undefined) {
      this.#fd = openSync(this.#paths[0]!, "a+", 0o640);
      closeSync(this.#fd);
      this.#fd = openSync(this.#paths[0]!, "r+");
      this.#size = fstatSync(this.#fd).size;
    }
    return this.#fd;
  }

  #rotate(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#size = 0;
    for (let index = this.#paths.length - 1; index > 0; index -= 1) {
      try {
        renameSync(this.#paths[index - 1]!, this.#paths[index]!);
      } catch {
        // There are not that many yet.
      }
    }
    if (this.#paths.length === 1) this.#restart();
  }

  #restart(): void {
    try {
      ftruncateSync(this.#open(), 0);
      this.#size = 0;
    } catch {
      // The next write fails as well, and counts what is lost.
    }
  }
}

function entry(bytes: Uint8Array, stream: LogEntry["stream"], time: string): string {
  return `${JSON.stringify({ log: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"), stream, time } satisfies LogEntry)}\n`;
}

/** As many bytes of the longest piece as end with a character. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let length = LONGEST; length > LONGEST - 4; length -= 1) {
    if (length === bytes.length || (bytes[length]! & 0xc0) !== 0x80) return length;
  }
  return LONGEST; // no text
}

const clockStart = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

function now(): string {
  const time = clockStart + process.hrtime.bigint();
  return `${new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19)}.${String(time % 1_000_000_000n).padStart(9, "0")}Z`;
}
