import { isFault, type FaultDetails } from "../../std/fault.ts";

/** The whole log of the RUN that failed, framed as BuildKit does; nothing for other errors. */
export function failedLog(error: unknown): string {
  if (!isFault(error, "RUN_FAILED")) return "";
  const { step, log } = error.details as FaultDetails<"RUN_FAILED">;
  return `------\n > ${step}:\n${log}${log === "" || log.endsWith("\n") ? "" : "\n"}------\n`;
}
