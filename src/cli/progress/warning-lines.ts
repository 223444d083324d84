import type { WarningEvent } from "../../std/progress.ts";

/** The list of warnings at the end of a build, each one once; nothing when there were none. */
export function warningLines(warnings: readonly WarningEvent[]): string[] {
  const lines = new Set(warnings.map(({ message, hint }) => (hint === undefined ? ` - ${message}` : ` - ${message} (${hint})`)));
  if (lines.size === 0) return [];
  const more = warnings.some(({ location }) => location !== undefined) ? " (--check shows the places)" : "";
  return ["", `${lines.size} warning${lines.size === 1 ? "" : "s"} found${more}:`, ...lines];
}
