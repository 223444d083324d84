import { fault } from "../std/fault.ts";

/**
 * SOURCE_DATE_EPOCH as seconds since 1970: whole seconds, or `context` for the time of a context from elsewhere. A context of this
 * machine has no time, and nothing is changed then.
 * @param contextTime of a context from elsewhere, in seconds @throws SOURCE_DATE_EPOCH_INVALID
 */
export function sourceDate(value: string | undefined, contextTime: number | undefined): number | undefined {
  if (value === undefined || value === "") return undefined;
  if (value === "context") return contextTime;
  const seconds = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
  // What RFC 3339 has no year for.
  if (!Number.isSafeInteger(seconds) || Math.abs(seconds) > 253_402_300_799) throw fault("SOURCE_DATE_EPOCH_INVALID", { value });
  return seconds;
}
