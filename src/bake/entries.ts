import { csvFields } from "../dockerfile/csv-fields.ts";
import { isMap, problem, toList, toText, type Value } from "./value.ts";

/** One value of `output`, `cache-from`, `cache-to`, `attest` or `secret`: its keys, `type` or `id` among them. */
export type Entry = Readonly<Record<string, string>>;

/** The keys of a target whose values are lists of entries. */
export type EntryKey = "attest" | "cache-from" | "cache-to" | "output" | "secret" | "ssh";

/**
 * Entries of a list whose items are written as text (`type=registry,ref=x`) or as an object. An ssh entry keeps its paths in one
 * value, with commas between them.
 * @throws BAKE_EXPRESSION
 */
export function readEntries(key: EntryKey, value: Value): Entry[] {
  return toList(value).filter((item) => item !== "" && item !== null).flatMap((item) => (isMap(item) ? [fromMap(key, item)] : fromText(key, toText(item))));
}

function fromMap(key: EntryKey, map: Readonly<Record<string, Value>>): Entry {
  if (map["type"] === null && key !== "secret" && key !== "ssh") problem(`null is not allowed for type in ${key}`);
  const entry = Object.fromEntries(Object.entries(map).filter(([, item]) => item !== null).map(([name, item]) => [name, Array.isArray(item) ? item.map((path) => toText(path as Value)).join(",") : toText(item)]));
  return checked(key, entry);
}

function fromText(key: EntryKey, text: string): Entry[] {
  if (key === "ssh") {
    const [id = "", paths] = text.split(/=(.*)/s, 2);
    return [{ id, ...(paths === undefined ? {} : { paths }) }];
  }
  const fields = csvFields(text, key);
  const isCache = key === "cache-from" || key === "cache-to";
  if (isCache && !text.includes("=")) return fields.map((ref) => ({ type: "registry", ref }));
  if (key === "output" && fields.length === 1 && fields[0] === text && !text.startsWith("type=")) return [text === "-" ? { type: "tar", dest: "-" } : { type: "local", dest: text }];
  const entry = Object.fromEntries(fields.map((field) => {
    const equals = field.indexOf("=");
    if (equals < 0) problem(`invalid value ${field}`);
    return [entryName(key, field.slice(0, equals).trim().toLowerCase()), field.slice(equals + 1)] as const;
  }));
  return [checked(key, key === "secret" ? plainSecret(entry, text) : entry)];
}

function entryName(key: EntryKey, name: string): string {
  return key === "secret" && name === "source" ? "src" : name;
}

function plainSecret({ type, ...entry }: Entry, text: string): Entry {
  if (type !== undefined && type !== "file" && type !== "env") problem(`unsupported secret type ${JSON.stringify(type)}`);
  for (const name of Object.keys(entry)) if (!["id", "src", "env"].includes(name)) problem(`unexpected key '${name}' in '${text}'`);
  if (type !== "env" || entry["env"] !== undefined) return entry;
  const { src = "", ...rest } = entry;
  return { ...rest, env: src };
}

/** Messages name what an entry has, not the values: keys of a bucket may be among them. */
function checked(key: EntryKey, entry: Entry): Entry {
  if (key !== "secret" && key !== "ssh" && !entry["type"]) problem(`type is required in ${key} with ${Object.keys(entry).map((name) => `${name}=`).join(", ") || "nothing"}`);
  return entry;
}

/** Of entries that stand for the same thing the later one counts, at the place of the first; equal ones count once. */
export function withoutDuplicates(key: EntryKey, entries: readonly Entry[]): Entry[] {
  const identity = (entry: Entry): string => {
    if (key === "attest") return entry["type"]!;
    if (key === "secret" || key === "ssh") return entry["id"] ?? "";
    return JSON.stringify(Object.entries(entry).sort());
  };
  return [...new Map(entries.map((entry) => [identity(entry), entry])).values()];
}

/** An entry as a flag takes it. */
export function entryText(key: EntryKey, entry: Entry): string {
  if (key === "ssh") return `${entry["id"] || "default"}${entry["paths"] === undefined ? "" : `=${entry["paths"]}`}`;
  const names = Object.keys(entry).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return names.map((name) => {
    const field = `${name}=${entry[name]}`;
    return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
  }).join(",");
}

const rank = (name: string): number => ["type", "id", "dest"].indexOf(name) + 1 || 9;
