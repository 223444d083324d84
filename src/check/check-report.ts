import { formatFrame } from "../dockerfile/code-frame.ts";
import type { Fault } from "../std/fault.ts";
import type { CheckWarning } from "./checker.ts";
import { jsonLocation } from "./locations.ts";

/** What `--check` has to tell. */
export interface CheckReport {
  readonly file: string;
  /** The Dockerfile's text. */
  readonly source: string;
  readonly warnings: readonly CheckWarning[];
  /** Why the file cannot be built at all. */
  readonly error?: Fault;
}

/** The report as `docker buildx build --call check,format=json` prints it, without BuildKit's own `definition` of the source. */
export function checkJson({ file, source, warnings, error }: CheckReport): unknown {
  return {
    // As Go writes an empty list.
    warnings: warnings.length === 0 ? null : warnings.map(({ rule, description, url, message, location }) => ({
      ruleName: rule, description, ...(url === undefined ? {} : { url }), detail: message, location: jsonLocation(location),
    })),
    sources: [{ filename: file, data: Buffer.from(source).toString("base64"), language: "Dockerfile" }],
    ...(error === undefined ? {} : { buildError: { message: error.message, location: error.location ? jsonLocation(error.location) : {} } }),
  };
}

/** The report as text, by lines of the file. With an error and no warnings there is nothing to say here. */
export function checkText({ warnings, error }: CheckReport): string {
  if (warnings.length === 0) return error === undefined ? "Check complete, no warnings found.\n" : "";
  const count = warnings.length === 1 ? "1 warning has" : `${warnings.length} warnings have`;
  const sorted = [...warnings].sort((a, b) => a.location.startLine - b.location.startLine);
  return `Check complete, ${count} been found!\n${sorted.map(warningText).join("")}${error === undefined ? "" : "\n"}`;
}

function warningText({ rule, url, message, location }: CheckWarning): string {
  return `\nWARNING: ${rule}${url === undefined ? "" : ` - ${url}`}\n${message}\n${formatFrame(location)}\n`;
}
