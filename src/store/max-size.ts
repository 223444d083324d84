import { readFileSync, statfsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fault } from "../std/fault.ts";
import { parseSize } from "../std/parse-size.ts";

/** How much the store may hold. */
export interface MaxSize {
  /** Infinity where there is no limit. */
  readonly bytes: number;
  /** As it was written: `50GB`, `80%`, `none`. */
  readonly written: string;
  /** Where it was written: a file, a variable, or `default`. */
  readonly source: string;
}

const VARIABLE = "SAMPAN_STORE_MAX_SIZE";
/** Leaves room for others on a disk that is shared with them, and is what BuildKit's cache may take too. */
const DEFAULT = "80%";
const FILE_LIMIT = 1024 * 1024;

/**
 * The cap of the store, `store.max-size`: of $SAMPAN_STORE_MAX_SIZE, of the user's config file or of the machine's.
 * @param root the store's folder, of whose file system a percentage is taken
 * @throws SETTING_INVALID
 */
export async function maxSize(root: string, env: NodeJS.ProcessEnv): Promise<MaxSize> {
  const given = env[VARIABLE];
  if (given !== undefined && given !== "") return parse(given, VARIABLE, root);
  for (const path of configFiles(env)) {
    const text = readText(path);
    const written = text === undefined ? undefined : await readSetting(text, path);
    if (written !== undefined) return parse(written, path, root);
  }
  return parse(DEFAULT, "default", root);
}

/** Where settings are looked for; the first that has one wins. */
export function configFiles(env: NodeJS.ProcessEnv): string[] {
  return [join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "sampan/config.yaml"), "/etc/sampan/config.yaml"];
}

function parse(written: string, source: string, root: string): MaxSize {
  if (written === "none") return { bytes: Infinity, written, source };
  const percent = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(written)?.[1];
  const bytes = percent === undefined ? parseSize(written) : Number(percent) <= 100 ? Math.floor(Number(percent) / 100 * diskSize(root)) : undefined;
  if (bytes === undefined || bytes === 0) {
    throw fault("SETTING_INVALID", { source, problem: `store.max-size is ${JSON.stringify(written)}`, hint: "it is a size (50GB), a share of the disk (40%), or none" });
  }
  return { bytes, written, source };
}

function diskSize(root: string): number {
  const { blocks, bsize } = statfsSync(root);
  return blocks * bsize;
}

function readText(path: string): string | undefined {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length > FILE_LIMIT) throw fault("SETTING_INVALID", { source: path, problem: "it is larger than a mebibyte" });
    return text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "EACCES" || code === "EISDIR") throw fault("SETTING_INVALID", { source: path, problem: `it cannot be read (${code})` }, { cause: error });
    throw error;
  }
}

/** Everything in the file is checked, so that a slip of the pen is not a setting that does nothing. */
async function readSetting(text: string, source: string): Promise<string | undefined> {
  const invalid = (problem: string, hint?: string): Error => fault("SETTING_INVALID", { source, problem, hint });
  const { parse: parseYaml } = await import("yaml");
  let document: unknown;
  try {
    document = parseYaml(text, { maxAliasCount: 0 });
  } catch (error) {
    throw fault("SETTING_INVALID", { source, problem: "it is not YAML" }, { cause: error });
  }
  if (document === null || document === undefined) return undefined;
  const store = only(document, "store", invalid);
  if (store === undefined || store === null) return undefined;
  const value = only(store, "max-size", invalid);
  if (value === undefined) return undefined;
  if (typeof value !== "string" && typeof value !== "number") throw invalid("store.max-size is neither a size nor a share", "it is a size (50GB), a share of the disk (40%), or none");
  return String(value);
}

function only(value: unknown, name: string, invalid: (problem: string, hint?: string) => Error): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`what stands above ${name} is no mapping`, "it looks like this: `store: {max-size: 50GB}`");
  for (const key of Object.keys(value)) if (key !== name) throw invalid(`it has the unknown setting ${JSON.stringify(key)}`, `here only ${name} is known`);
  return (value as Record<string, unknown>)[name];
}
