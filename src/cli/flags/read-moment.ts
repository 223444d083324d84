/** A moment as docker takes it: a date, seconds since the epoch, or a duration back from now such as `24h`; undefined for another text. */
export function readMoment(text: string, now: number): number | undefined {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    return now - parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0);
  }
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const date = Date.parse(/[zZ]|[+-]\d{2}:?\d{2}$/.test(text.slice(10)) ? text : text.length > 10 ? `${text}Z` : text);
  return Number.isNaN(date) ? undefined : date;
}
