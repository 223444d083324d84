import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { fault, isFault } from "../../std/fault.ts";

type Table = Readonly<Record<string, unknown>>;

/** Bytes: no such file is as long, and what is longer is not read into memory. */
const LONGEST = 8 * 1024 * 1024;

/** The text of a file; undefined when there is none. @throws ROUTES_INVALID when it cannot be read */
export function readText(file: string): string | undefined {
  try {
    if (statSync(file).size > LONGEST) throw fault("ROUTES_INVALID", { file, problem: `it is longer than ${LONGEST} bytes` });
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isFault(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw fault("ROUTES_INVALID", { file, problem: `it cannot be read (${code})` }, { cause: error });
  }
}

/** The names in a folder in order; none where there is no folder that we may look into, as a folder of root's may be. */
export function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Whether we may look into a folder, or it is not there. */
export function isOpenFolder(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EACCES";
  }
}

/**
 * A TOML file as a table. With `about` it is an empty one where no line begins with a key or heading that this
 * finds: distributions ship long files of other things and of comments, which would take time to read.
 * @throws ROUTES_INVALID with the line
 */
export async function readToml(file: string, { about = /^/ }: { readonly about?: RegExp } = {}): Promise<Table | undefined> {
  const text = readText(file);
  if (text === undefined) return undefined;
  if (!text.split("\n").some((line) => /^\s*[^#\s]/.test(line) && about.test(line))) return {};
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // What follows the first line of the message is a piece of the file, in which secrets may stand.
    throw fault("ROUTES_INVALID", { file, line: error.line, problem: `it is not TOML: ${error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "")}` });
  }
}

/** A JSON file as an object; an empty one is an empty object. @throws ROUTES_INVALID with the line */
export function readJson(file: string): Table | undefined {
  const text = readText(file);
  if (text === undefined || text.trim() === "") return text === undefined ? undefined : {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const line = /line (\d+)/.exec((error as Error).message)?.[1];
    throw fault("ROUTES_INVALID", { file, ...(line === undefined ? {} : { line: Number(line) }), problem: "it is not JSON" });
  }
  if (!isTable(value)) throw fault("ROUTES_INVALID", { file, problem: "it is not a JSON object" });
  return value;
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Members of a table whose types are checked; `where` stands before the key in messages. */
export function membersOf(table: Table, file: string, where = ""): Members {
  const refuse = (key: string, wanted: string): Error => fault("ROUTES_INVALID", { file, problem: `${where}${key} is not ${wanted}` });
  const take = <Value>(key: string, wanted: string, accepts: (value: unknown) => value is Value): Value | undefined => {
    const value = table[key];
    if (value === undefined) return undefined;
    if (!accepts(value)) throw refuse(key, wanted);
    return value;
  };
  const isText = (value: unknown): value is string => typeof value === "string";
  return {
    text: (key) => take(key, "a text", isText),
    flag: (key) => take(key, "true or false", (value) => typeof value === "boolean"),
    texts: (key) => take(key, "a list of texts", (value): value is string[] => Array.isArray(value) && value.every(isText)),
    table: (key) => take(key, "a table", isTable),
    tables: (key) => take(key, "a list of tables", (value): value is Table[] => Array.isArray(value) && value.every(isTable)),
    any: (key) => table[key],
    refuse: (problem) => fault("ROUTES_INVALID", { file, problem: `${where}${problem}` }),
  };
}

export interface Members {
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  texts(key: string): readonly string[] | undefined;
  table(key: string): Table | undefined;
  tables(key: string): readonly Table[] | undefined;
  any(key: string): unknown;
  refuse(problem: string): Error;
}
