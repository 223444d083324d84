import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { fault } from "../../std/fault.ts";
import { parseSize } from "../../std/parse-size.ts";
import { isNetwork } from "../terms/client-origin.ts";
import { isRepositoryPattern, patternProblem } from "../terms/repository-pattern.ts";

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `2s`, `90m`, `36h`, `30d`, `1h30m` → milliseconds; undefined for what is no duration. */
export function parseSpan(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(?:\d{1,12}(?:\.\d{1,6})?(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|[smhdw])/g)) total += Number(count) * DURATION_UNITS[unit!]!;
  return Number.isFinite(total) ? Math.round(total) : undefined;
}

/** A duration in milliseconds. */
export const span = v.pipe(
  v.union([v.string(), v.literal(0)], "it is no duration: write 30s, 10m, 24h or 7d"),
  v.transform((text) => parseSpan(String(text))),
  v.number("it is no duration: write 30s, 10m, 24h or 7d"),
);

/** A number of bytes. */
export const size = v.pipe(
  v.union([v.string(), v.number()], "it is no size: write 500MB, 10GiB or a number of bytes"),
  v.transform((value) => parseSize(String(value))),
  v.number("it is no size: write 500MB, 10GiB or a number of bytes"),
);

/** A text, or a list of texts; one stands for a list of one. */
export function oneOrMore<Item extends v.GenericSchema>(item: Item): v.SchemaWithPipe<readonly [v.GenericSchema, v.TransformAction<unknown, unknown[]>, v.ArraySchema<Item, undefined>, v.MinLengthAction<v.InferOutput<Item>[], 1, string>]> {
  return v.pipe(
    v.unknown(),
    v.transform((value): unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value])),
    v.array(item),
    v.minLength(1, "the list is empty"),
  ) as never;
}

/** Repository names with wildcards (access/repository-pattern.ts). */
export const repositories = v.pipe(v.string("it is no text"), v.check(isRepositoryPattern, ({ input }) => `it is no pattern of repository names: ${patternProblem(input)}`));

/** Words such as names of users and groups. */
export const word = v.pipe(v.string("it is no text"), v.nonEmpty("it is empty"), v.maxLength(255, "it is longer than 255 characters"));

export const count = v.pipe(v.number("it is no number"), v.integer("it is no whole number"), v.minValue(0, "it is below 0"));
export const positive = v.pipe(v.number("it is no number"), v.integer("it is no whole number"), v.minValue(1, "it is below 1"));

/** A file as the configuration names it, against the folder of the configuration. */
export const file = v.pipe(v.string("it is no path"), v.nonEmpty("it is no path"));

/** Where a file that the configuration names is. */
export function fileBeside(configFile: string, path: string): string {
  return resolve(dirname(configFile), path);
}

/** What a file that the configuration names holds. @throws SERVER_CONFIG_UNREADABLE */
export function readNamedFile(configFile: string, path: string): string {
  const named = fileBeside(configFile, path);
  try {
    return readFileSync(named, "utf8");
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file: named, problem: (cause as Error).message }, { cause });
  }
}

/** An address or a network. */
export const network = v.pipe(v.string("it is no text"), v.check(isNetwork, "it is no network: write 10.0.0.0/8, fd00::/8 or an address"));

export const httpUrl = v.pipe(
  v.string("it is no URL"),
  v.url("it is no URL"),
  v.check((text) => /^https?:\/\//.test(text), "it does not begin with https:// or http://"),
);
