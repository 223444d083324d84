import { fault } from "../../std/fault.ts";
import { readMoment } from "../flags/read-moment.ts";

/**
 * A moment as docker's filter `until` takes it: a date, seconds since the epoch, or a duration back from now such as `24h`.
 * @throws USAGE
 */
export function parseMoment(text: string, now: number): number {
  const moment = readMoment(text, now);
  if (moment === undefined) {
    throw fault("USAGE", { problem: `invalid filter 'until=${text}'`, hint: "it is a date (2024-05-01T12:00:00), seconds since 1970, or a duration back from now (24h)" });
  }
  return moment;
}
