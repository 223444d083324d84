import { fault } from "../../std/fault.ts";

/**
 * A moment as docker's filter `until` takes it: a date, seconds since the epoch, or a duration back from now such as `24h`.
 * @throws USAGE
 */
export function parseMoment(text: string, now: number): number {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    return now - parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0);
  }
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(/[zZ]|[+-]\d{2}:?\d{2}$/.test(text.slice(10)) ? text : text.length > 10 ? `${text}Z` : text) : NaN;
  if (Number.isNaN(date)) {
    throw fault("USAGE", { problem: `invalid filter 'until=${text}'`, hint: "it is a date (2024-05-01T12:00:00), seconds since 1970, or a duration back from now (24h)" });
  }
  return date;
}
