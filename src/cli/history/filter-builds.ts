import { parseDuration } from "../../dockerfile/duration.ts";
import { suggest } from "../../dockerfile/suggest.ts";
import { fault } from "../../std/fault.ts";
import { didYouMean } from "../../std/fault-spec.ts";
import type { BuildRecord } from "../../store/build-record.ts";
import { readMoment } from "../flags/read-moment.ts";
import { STATUS } from "./build-rows.ts";

type Test = (record: BuildRecord) => boolean;

/**
 * The builds that pass all filters, with buildx's keys: `ref` and `status` with = or !=; `startedAt`, `completedAt` (a date, or
 * a duration back from now) and `duration` with <, <=, > or >=.
 * @throws USAGE, NOT_SUPPORTED
 */
export function filterBuilds(records: readonly BuildRecord[], filters: readonly string[], now: number): BuildRecord[] {
  const tests = filters.map((text) => parseFilter(text, now));
  return records.filter((record) => tests.every((passes) => passes(record)));
}

function parseFilter(text: string, now: number): Test {
  const [, key, sign, value] = /^(\w+)(!=|<=|>=|=|<|>)(.*)$/s.exec(text) ?? [];
  const wrong = (problem: string, hint?: string): Error => fault("USAGE", { problem: `filter ${JSON.stringify(text)}: ${problem}`, ...(hint ? { hint } : {}) });
  if (key === undefined || sign === undefined || value === undefined) throw wrong("it is not written KEY=VALUE", "such as status=error or duration>1m");
  if (key === "repository") throw fault("NOT_SUPPORTED", { feature: "the filter repository" });
  if (key === "ref" || key === "status") {
    if (sign !== "=" && sign !== "!=") throw wrong(`${key} is compared with = or !=`);
    if (key === "status" && !Object.hasOwn(STATUS, value)) throw wrong(`there is no status ${JSON.stringify(value)}${didYouMean(suggest(value, Object.keys(STATUS)))}`, `it is ${Object.keys(STATUS).join(", ")}`);
    const same: Test = key === "status" ? ({ status }) => status === value : ({ ref }) => (sign === "=" ? ref.includes(value) : ref === value);
    return sign === "=" ? same : (record) => !same(record);
  }
  if (key !== "startedAt" && key !== "completedAt" && key !== "duration") throw wrong(`there is no ${key}`, "the keys are ref, status, startedAt, completedAt and duration");
  if (sign === "=" || sign === "!=") throw wrong(`${key} is compared with <, <=, > or >=`);
  const bound = key === "duration" ? durationOf(value, wrong) : readMoment(value, now);
  if (bound === undefined) throw wrong(`${JSON.stringify(value)} is no time`);
  return (record) => {
    const found = key === "startedAt" ? record.startedAt : key === "completedAt" ? record.completedAt : record.completedAt === undefined ? undefined : record.completedAt - record.startedAt;
    if (found === undefined) return false;
    return sign === "<" ? found < bound : sign === "<=" ? found <= bound : sign === ">" ? found > bound : found >= bound;
  };
}

/** Milliseconds. */
function durationOf(value: string, wrong: (problem: string) => Error): number {
  try {
    return parseDuration(value) / 1e6;
  } catch {
    throw wrong(`${JSON.stringify(value)} is no duration`);
  }
}
