import { humanSize } from "../std/human-size.ts";

/** What a build took from its context so far; the counts of several COPYs may be added up. */
export interface ContextUse {
  /** Regular files that were selected, and the sum of their sizes. */
  readonly files: number;
  readonly bytes: number;
  /** Those that had to be read, as they are new or changed. */
  readonly readFiles: number;
  readonly readBytes: number;
}

export const NO_USE: ContextUse = { files: 0, bytes: 0, readFiles: 0, readBytes: 0 };

export function addUse(one: ContextUse, other: ContextUse): ContextUse {
  return {
    files: one.files + other.files,
    bytes: one.bytes + other.bytes,
    readFiles: one.readFiles + other.readFiles,
    readBytes: one.readBytes + other.readBytes,
  };
}

/** The progress line of `load build context`: `12 of 10,000 files read, 1.2MB of 100MB`. */
export function summarizeContext(use: ContextUse): string {
  const files = use.files.toLocaleString("en-US");
  const noun = use.files === 1 ? "file" : "files";
  if (use.files === 0) return "nothing";
  if (use.readFiles === 0) return `${files} ${noun}, ${humanSize(use.bytes)}, nothing changed`;
  if (use.readFiles === use.files) return `${files} ${noun} read, ${humanSize(use.bytes)}`;
  return `${use.readFiles.toLocaleString("en-US")} of ${files} ${noun} read, ${humanSize(use.readBytes)} of ${humanSize(use.bytes)}`;
}
