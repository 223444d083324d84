import { fault } from "../../std/fault.ts";
import { sprintf } from "./printf.ts";
import { isTrue, show, toJson, typeName } from "./show.ts";

type TemplateFunction = (...args: unknown[]) => unknown;

function invalid(problem: string): Error {
  return fault("TEMPLATE_INVALID", { problem });
}

function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalid(`wrong type for value; expected string; got ${typeName(value)} in ${name}`);
  return value;
}

function integer(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw invalid(`wrong type for value; expected int; got ${typeName(value)} in ${name}`);
  return value;
}

/** The functions of Go's templates (https://pkg.go.dev/text/template#hdr-Functions) and of docker's `templates` package. */
const functions: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => toJson(value),
  join: (list, separator) => {
    if (list === null || list === undefined) return "";
    if (!Array.isArray(list)) throw invalid(`join needs a list, not ${typeName(list)}`);
    return list.map(show).join(text(separator, "join"));
  },
  split: (value, separator) => text(value, "split").split(text(separator, "split")),
  lower: (value) => text(value, "lower").toLowerCase(),
  upper: (value) => text(value, "upper").toUpperCase(),
  title: (value) => text(value, "title").replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_all, before: string, letter: string) => before + letter.toUpperCase()),
  pad: (value, before, after) => (value === "" ? "" : " ".repeat(integer(before, "pad")) + text(value, "pad") + " ".repeat(integer(after, "pad"))),
  truncate: (value, length) => [...text(value, "truncate")].slice(0, integer(length, "truncate")).join(""),
  print: (...values) => joinPrinted(values),
  println: (...values) => `${values.map(show).join(" ")}\n`,
  printf: (format, ...values) => sprintf(text(format, "printf"), values),
  len: (value) => {
    if (typeof value === "string") return Buffer.byteLength(value);
    if (Array.isArray(value)) return value.length;
    if (value instanceof Map) return value.size;
    if (value === null || value === undefined) return 0;
    throw invalid(`len of type ${typeName(value)}`);
  },
  index: (value, ...keys) => keys.reduce(indexed, value),
  slice: (value, ...bounds) => {
    if (typeof value !== "string" && !Array.isArray(value)) throw invalid(`slice of type ${typeName(value)}`);
    const source = typeof value === "string" ? Buffer.from(value) : value;
    const start = bounds.length > 0 ? integer(bounds[0], "slice") : 0;
    const end = bounds.length > 1 ? integer(bounds[1], "slice") : source.length;
    if (start < 0 || end > source.length || start > end) throw invalid(`slice bounds out of range: [${start}:${end}] of ${source.length}`);
    return typeof value === "string" ? (source as Buffer).toString("utf8", start, end) : source.slice(start, end);
  },
  not: (value) => !isTrue(value),
  eq: (first, ...others) => {
    if (others.length === 0) throw invalid("missing argument for comparison");
    return others.some((other) => same(first, other));
  },
  ne: (first, second) => !same(first, second),
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
  html: (value) => show(value).replace(/[&<>"']/g, (char) => HTML[char]!),
  urlquery: (value) => encodeURIComponent(show(value)),
};

const HTML: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

/** `and` and `or` stop early, so the evaluator does them. */
export const functionNames: ReadonlySet<string> = new Set([...Object.keys(functions), "and", "or"]);

/** Calls a function by name. @throws TEMPLATE_INVALID */
export function callFunction(name: string, args: readonly unknown[]): unknown {
  const call = functions[name]!;
  if (args.length < call.length) throw invalid(`wrong number of args for ${name}: want ${call.length} got ${args.length}`);
  return call(...args);
}

/** fmt.Sprint puts a space between two values when neither is a string. */
function joinPrinted(values: readonly unknown[]): string {
  let result = "";
  values.forEach((value, at) => {
    if (at > 0 && typeof value !== "string" && typeof values[at - 1] !== "string") result += " ";
    result += show(value);
  });
  return result;
}

function indexed(value: unknown, key: unknown): unknown {
  if (value instanceof Map) return value.has(key) ? value.get(key) : zeroLike(value);
  if (Array.isArray(value)) {
    const at = integer(key, "index");
    if (at < 0 || at >= value.length) throw invalid(`error calling index: index out of range: ${at}`);
    return value[at];
  }
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    const at = integer(key, "index");
    if (at < 0 || at >= bytes.length) throw invalid(`error calling index: index out of range: ${at}`);
    return bytes[at];
  }
  if (value === null || value === undefined) throw invalid("error calling index: index of untyped nil");
  if (typeof value === "object") return (value as Record<string, unknown>)[show(key)];
  throw invalid(`error calling index: can't index item of type ${typeName(value)}`);
}

/** What Go gives for a key that is not there: the zero value of the map's type, which its members tell. */
function zeroLike(map: Map<unknown, unknown>): unknown {
  for (const member of map.values()) return typeof member === "string" ? "" : undefined;
  return "";
}

function same(first: unknown, second: unknown): boolean {
  const a = first ?? null;
  const b = second ?? null;
  if (a === null || b === null) return a === b;
  if (typeof a !== typeof b) throw invalid("incompatible types for comparison");
  if (typeof a === "object") throw invalid("non-comparable type in eq");
  return a === b;
}

function compare(first: unknown, second: unknown): number {
  if (typeof first !== typeof second || (typeof first !== "number" && typeof first !== "string")) {
    throw invalid("incompatible types for comparison");
  }
  return first === second ? 0 : first < (second as typeof first) ? -1 : 1;
}
