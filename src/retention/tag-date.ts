/** A moment that a tag is called by, from the year on: as many numbers as it has. */
export type TagDate = readonly number[];

const COMPACT = /^v?(?<year>20\d\d)(?<month>\d\d)(?<day>\d\d)(?<time>\d\d(?:\d\d(?:\d\d(?:\d{3})?)?)?)?(?!\d)/;
const SPELT = /^v?(?<year>20\d\d)(?<between>[-_])(?<month>\d\d)(?:\k<between>(?<day>\d\d))?(?!\d)/;
/** A time or the number of a build behind the date. Longer numbers may be the beginning of a commit's hash. */
const NUMBERS = /^(?:[-_.T]\d{1,6}(?![0-9A-SU-Ya-z]))*/;
/** `-alpine`, `-1a2b3c4`, `Z`. */
const REST = /^Z?(?:[-_.+].*)?$/;

interface DatedTag {
  readonly date: TagDate;
  /** With nothing behind the date: neither a variant nor a commit nor a branch. */
  readonly plain: boolean;
}

/** The date that a tag is: `20240115`, `2024-01-15`, `20240115-1230`, `20240115.2`, `2024-01`, with a variant or a commit behind it; undefined for everything else. */
export function tagDate(tag: string): TagDate | undefined {
  return datedTag(tag)?.date;
}

export function datedTag(tag: string): DatedTag | undefined {
  const match = COMPACT.exec(tag) ?? SPELT.exec(tag);
  const { year, month, day, time } = match?.groups ?? {};
  if (!match || !isDay(Number(year), Number(month), Number(day ?? "1"))) return undefined;
  const behind = tag.slice(match[0].length);
  const [numbers] = NUMBERS.exec(behind)!;
  // With two dots behind it, it is the first number of a version (20241127.1.0).
  const rest = behind.slice(numbers.length);
  if (!REST.test(rest) || /^\.\d+\./.test(behind)) return undefined;
  const date = [year!, month!, ...(day === undefined ? [] : [day]), ...(time === undefined ? [] : [time.padEnd(9, "0")]), ...(numbers.match(/\d+/g) ?? [])].map(Number);
  return { date, plain: rest === "" || rest === "Z" };
}

/** The earlier first; a day before its hours. */
export function byDate(a: TagDate, b: TagDate): number {
  for (const [at, number] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (number !== other) return number - other;
  }
  return a.length - b.length;
}

/** Whether it is a longer time that the other one lies in: a month and one of its days, a day and one of its builds. */
export function includesDate(outer: TagDate, inner: TagDate): boolean {
  return outer.length < inner.length && outer.every((number, at) => number === inner[at]);
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
