import { printable } from "../std/printable.ts";

/** A stranger's words as a document may hold them: one line, whole characters, no longer than that. */
export function cleanText(text: string, longest = 300): string {
  return printable(text, longest).toWellFormed();
}

/** The same for what may be no text at all. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? cleanText(value) : "";
}
