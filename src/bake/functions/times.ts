import { problem, toNumber, toText, type Value } from "../value.ts";

/** Functions about moments, which are texts such as `2026-01-02T03:04:05Z`. */
export const timeFunctions = {
  formatdate: (pattern: Value, time: Value) => formatTime(toText(pattern), moment(toText(time))),
  formattimestamp: (pattern: Value, time: Value) => {
    const at = typeof time === "number" ? { date: new Date(time * 1000), zone: "Z" } : moment(toText(time));
    return toText(pattern) === "X" ? String(Math.floor(at.date.getTime() / 1000)) : formatTime(toText(pattern), at);
  },
  timeadd: (time: Value, span: Value) => rfc3339(new Date(moment(toText(time)).date.getTime() + duration(toText(span)))),
  timestamp: () => rfc3339(new Date()),
  unixtimestampparse: (seconds: Value) => unixParts(new Date(toNumber(seconds) * 1000)),
} satisfies Record<string, (...args: never[]) => Value>;

interface Moment {
  readonly date: Date;
  /** `Z` or `+02:00`. */
  readonly zone: string;
}

function moment(text: string): Moment {
  const match = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const date = new Date(text);
  return match && !Number.isNaN(date.getTime()) ? { date, zone: match[1]! } : problem(`${JSON.stringify(text)} is no time as in 2026-01-02T03:04:05Z`);
}

function rfc3339(date: Date): string {
  return Number.isNaN(date.getTime()) ? problem("the time is out of range") : date.toISOString().replace(/\.\d+Z$/, "Z");
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, µs: 0.001, ns: 0.000_001 };

function duration(text: string): number {
  if (!/^[+-]?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) problem(`${JSON.stringify(text)} is no duration as in 1h30m`);
  const sum = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce((all, [, count, unit]) => all + Number(count) * UNITS[unit!]!, 0);
  return text.startsWith("-") ? -sum : sum;
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** HCL's own letters: YYYY YY MMMM MMM MM M DD D EEEE EEE hh h HH H AA aa mm m ss s ZZZZZ ZZZZ ZZZ Z, and text in quotes. */
function formatTime(pattern: string, { date, zone }: Moment): string {
  const minutes = zone === "Z" ? 0 : (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  const local = new Date(date.getTime() + minutes * 60_000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const hour12 = local.getUTCHours() % 12 || 12;
  const half = local.getUTCHours() < 12 ? "am" : "pm";
  const fields: Readonly<Record<string, string>> = {
    YYYY: String(local.getUTCFullYear()).padStart(4, "0"), YY: two(local.getUTCFullYear() % 100),
    MMMM: MONTHS[local.getUTCMonth()]!, MMM: MONTHS[local.getUTCMonth()]!.slice(0, 3), MM: two(local.getUTCMonth() + 1), M: String(local.getUTCMonth() + 1),
    DD: two(local.getUTCDate()), D: String(local.getUTCDate()), EEEE: DAYS[local.getUTCDay()]!, EEE: DAYS[local.getUTCDay()]!.slice(0, 3),
    hh: two(local.getUTCHours()), h: String(local.getUTCHours()), HH: two(hour12), H: String(hour12), AA: half.toUpperCase(), aa: half,
    mm: two(local.getUTCMinutes()), m: String(local.getUTCMinutes()), ss: two(local.getUTCSeconds()), s: String(local.getUTCSeconds()),
    ZZZZZ: zone === "Z" ? "+00:00" : zone, ZZZZ: zone === "Z" ? "+0000" : zone.replace(":", ""), ZZZ: zone === "Z" ? "UTC" : zone.replace(":", ""), Z: zone,
  };
  return pattern.replace(/'((?:[^']|'')*)'|([a-zA-Z])\2*/g, (written, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted.replace(/''/g, "'");
    return fields[written] ?? problem(`unsupported letters ${JSON.stringify(written)} in the time format`);
  });
}

function unixParts(date: Date): Value {
  const start = Date.UTC(date.getUTCFullYear(), 0, 1);
  return {
    year: date.getUTCFullYear(), year_day: Math.floor((date.getTime() - start) / 86_400_000) + 1, day: date.getUTCDate(), month: date.getUTCMonth() + 1,
    month_name: MONTHS[date.getUTCMonth()]!, weekday: date.getUTCDay(), weekday_name: DAYS[date.getUTCDay()]!,
    hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(), rfc3339: rfc3339(date),
  };
}
