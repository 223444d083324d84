import type { DoctorRow } from "../linux/doctor-probes.ts";
import { columns } from "./help/columns.ts";

/** The rows of `sampan doctor`: ok or not, why, and the command that mends it. */
export function doctorText(rows: readonly DoctorRow[]): string {
  const lines = rows.map(({ name, ok, why, mend }): [string, string] => [`${ok ? "ok    " : "not ok"}  ${name}`, mend && !ok ? `${why}; mend it with: ${mend}` : why]);
  const stops = rows.filter(({ ok, needed }) => needed && !ok);
  const verdict = stops.length === 0 ? "This machine can build and run images." : `Nothing can be built here until this is mended: ${stops.map(({ name }) => name).join(", ")}.`;
  return `${columns(lines, { indent: 0, width: 120 })}\n\n${verdict}\n`;
}
