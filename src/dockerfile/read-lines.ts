import { fault, type Fault, type SourceLocation } from "../std/fault.ts";

/** A Dockerfile as physical lines. */
export interface SourceText {
  readonly file: string;
  /** Without byte order mark. */
  readonly text: string;
  /** Each with its own terminator. */
  readonly lines: readonly string[];
  /** Numbers, from 1, of lines that were not valid UTF-8. */
  readonly damaged: ReadonlySet<number>;
}

/** Longest physical line in bytes, without its line feed (the buffer of Go's bufio.Scanner). */
const MAX_LINE_BYTES = 65_535;

/**
 * Decodes a Dockerfile and splits it at line feeds. Carriage returns stay: heredoc bodies keep them.
 * @throws DOCKERFILE_EMPTY, DOCKERFILE_LINE_TOO_LONG, DOCKERFILE_NOT_TEXT
 */
export function readLines(source: string | Uint8Array, file: string): SourceText {
  if (source.length === 0) throw fault("DOCKERFILE_EMPTY", {}, { location: { file, text: "", startLine: 1, endLine: 1 } });
  const text = typeof source === "string" ? source.replace(/^\ufeff/, "") : new TextDecoder().decode(source);
  const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? [];
  const result: SourceText = {
    file, text, lines,
    damaged: typeof source !== "string" && text.includes("\ufffd") ? damagedLines(source) : new Set(),
  };
  for (const [index, line] of lines.entries()) {
    if (line.includes("\0")) throw notText(result, index + 1, "it contains NUL bytes");
    if (byteLength(line) > MAX_LINE_BYTES) {
      throw fault("DOCKERFILE_LINE_TOO_LONG", { limit: MAX_LINE_BYTES }, { location: locate(result, index + 1) });
    }
  }
  return result;
}

/**
 * Refuses a line that was not valid UTF-8; comments are never asked about.
 * @throws DOCKERFILE_NOT_TEXT
 */
export function refuseDamaged(source: SourceText, line: number): void {
  if (source.damaged.has(line)) throw notText(source, line, "this line has bytes that are not valid UTF-8");
}

/** A place in the text, both lines included. */
export function locate(source: SourceText, startLine: number, endLine: number = startLine): SourceLocation {
  return { file: source.file, text: source.text, startLine, endLine };
}

function notText(source: SourceText, line: number, problem: string): Fault {
  return fault("DOCKERFILE_NOT_TEXT", { problem }, { location: locate(source, line) });
}

function byteLength(line: string): number {
  const content = line.endsWith("\n") ? line.slice(0, -1) : line;
  // UTF-8 takes at most three bytes for each UTF-16 unit.
  return content.length * 3 <= MAX_LINE_BYTES ? content.length : new TextEncoder().encode(content).length;
}

function damagedLines(source: Uint8Array): Set<number> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const damaged = new Set<number>();
  let start = 0;
  for (let line = 1; start < source.length; line += 1) {
    const feed = source.indexOf(0x0a, start);
    const end = feed < 0 ? source.length : feed;
    try {
      decoder.decode(source.subarray(start, end));
    } catch {
      damaged.add(line);
    }
    start = end + 1;
  }
  return damaged;
}
