import type { SourceLocation } from "../std/fault.ts";

/** A place as BuildKit's JSON has it: a range for each line (solver/pb, Location). */
export interface JsonLocation {
  readonly ranges: readonly { readonly start: { readonly line: number }; readonly end: { readonly line: number } }[];
}

export function jsonLocation({ startLine, endLine }: Pick<SourceLocation, "startLine" | "endLine">): JsonLocation {
  const count = Math.max(0, endLine - startLine) + 1;
  return { ranges: Array.from({ length: count }, (_none, index) => ({ start: { line: startLine + index }, end: { line: startLine + index } })) };
}
