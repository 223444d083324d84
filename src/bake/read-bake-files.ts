import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { suggest } from "../dockerfile/suggest.ts";
import { fault } from "../std/fault.ts";
import { didYouMean } from "../std/fault-spec.ts";
import { readEnv } from "./compose/read-env.ts";
import type { ComposeFile } from "./compose/parse-model.ts";
import { evaluateDefinition, type Definition } from "./definition.ts";
import type { Body } from "./hcl/expression.ts";
import { mergeTarget, type Group, type Target } from "./target.ts";

const COMPOSE = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const BAKE = ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];
const LIMIT = 8 * 1024 * 1024;

export interface BakeFileOptions {
  /** Names as given by -f; without any, those that bake looks for in the folder. `-` is standard input. */
  readonly files: readonly string[];
  /** Where files are read instead of this machine, but for those that begin with `cwd://`. */
  readonly elsewhere?: Elsewhere;
  readonly cwd: string;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--var`. */
  readonly variables: ReadonlyMap<string, string>;
  readonly localPlatform: string;
}

export interface Elsewhere {
  /** For messages, without a login. */
  readonly name: string;
  /** What `BAKE_CMD_CONTEXT` is. */
  readonly commandContext: string;
  /** A file of it; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
  /** It is one file. */
  readonly single: boolean;
}

const HERE = "cwd://";

/**
 * Reads bake files and evaluates what they define. Compose files come first; targets of one name add up.
 * @throws BAKE_FILE_MISSING, BAKE_SYNTAX, BAKE_EXPRESSION, BAKE_COMPOSE
 */
export async function readBakeFiles(options: BakeFileOptions): Promise<Definition> {
  const files = await readAll(options);
  if (files.length === 0) throw fault("BAKE_FILE_MISSING", {});
  const allowed = !/^(?:1|t|true)$/i.test(options.env["BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP"] ?? "");
  const lookup = (name: string): string | undefined => options.variables.get(name) ?? (allowed ? options.env[name] : undefined);
  const compose = files.filter(isCompose);
  const bodies: Body[] = [];
  for (const { name, text: content } of files.filter((file) => !isCompose(file))) {
    const { parseHcl, parseHclJson } = await import("./hcl/parse-hcl.ts");
    const parse = /\.json$/i.test(name) || /^\s*\{/.test(content) ? parseHclJson : parseHcl;
    bodies.push(await withinDepth(name, () => parse(name, content)));
  }
  const services = compose.length === 0 ? { groups: [], targets: [] } : await withinDepth(compose[0]!.name, () => fromCompose(compose, options, lookup));
  const builtIn = { BAKE_CMD_CONTEXT: options.elsewhere?.commandContext ?? HERE, BAKE_LOCAL_PLATFORM: options.localPlatform };
  const defined = evaluateDefinition(bodies, { lookup, builtIn });
  const unknown = [...options.variables.keys()].flatMap((name) => {
    const names = defined.variables.map((variable) => variable.name);
    const near = names.includes(name) ? undefined : suggest(name, names);
    return near === undefined ? [] : [`--var ${name} is the value of no variable${didYouMean(near)}`];
  });
  return { ...defined, warnings: [...defined.warnings, ...unknown], groups: joinGroups(services.groups, defined.groups), targets: joinTargets(services.targets, defined.targets) };
}

/** Readers go down into a file by calling themselves, and one that is nested thousands deep is no honest one. */
async function withinDepth<Result>(file: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RangeError) throw fault("BAKE_SYNTAX", { file, problem: "it is nested too deeply" }, { cause: error });
    throw error;
  }
}

async function readAll({ files, elsewhere, cwd, stdin }: BakeFileOptions): Promise<ComposeFile[]> {
  const found: ComposeFile[] = [];
  if (elsewhere?.single) found.push({ name: elsewhere.name, text: elsewhere.read("")! });
  const distant = elsewhere === undefined ? [] : files.filter((name) => !name.startsWith(HERE));
  const named = elsewhere === undefined || files.length > distant.length ? files.filter((name) => !distant.includes(name)) : undefined;
  if (elsewhere && !elsewhere.single) {
    for (const name of distant.length > 0 ? distant : [...COMPOSE, ...BAKE]) {
      const content = elsewhere.read(name);
      if (content !== undefined) found.push({ name, text: content });
      else if (distant.length > 0) throw fault("BAKE_FILE_MISSING", { path: name, reason: `there is no such file in ${elsewhere.name}` });
    }
  }
  for (const written of named === undefined ? [] : named.length > 0 ? named : [...COMPOSE, ...BAKE]) {
    const name = written.startsWith(HERE) ? written.slice(HERE.length) : written;
    if (name === "-") found.push({ name, text: await text(stdin) });
    else {
      const content = readText(resolve(cwd, name), name, named!.length > 0);
      if (content !== undefined) found.push({ name, text: content });
    }
  }
  return found;
}

function readText(path: string, name: string, required: boolean): string | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > LIMIT) throw new Error("it is too large");
    return bytes.toString();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && !required) return undefined;
    throw fault("BAKE_FILE_MISSING", { path: name, reason: code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : message });
  }
}

/** A name without a known ending is told by what stands in it. */
function isCompose({ name, text: content }: ComposeFile): boolean {
  if (/\.ya?ml$/i.test(name)) return true;
  return !/\.(?:json|hcl)$/i.test(name) && /^services:/m.test(content);
}

async function fromCompose(files: readonly ComposeFile[], { cwd, elsewhere }: BakeFileOptions, outside: (name: string) => string | undefined): Promise<Pick<Definition, "groups" | "targets">> {
  const { readCompose } = await import("./compose/read-compose.ts");
  // One file from elsewhere has no others, and gets none of this machine.
  const readBeside = (path: string): string | undefined => (elsewhere === undefined ? readText(resolve(cwd, path), path, false) : elsewhere.single ? undefined : elsewhere.read(path));
  const dotEnv = readEnv(readText(resolve(cwd, ".env"), ".env", false) ?? "", outside);
  return readCompose(files, { lookup: (name) => outside(name) ?? dotEnv.get(name), readFile: readBeside });
}

function joinTargets(below: readonly Target[], above: readonly Target[]): Target[] {
  const byName = new Map(below.map((target) => [target.name, target]));
  for (const target of above) byName.set(target.name, mergeTarget(byName.get(target.name) ?? { name: target.name }, target));
  return [...byName.values()];
}

function joinGroups(below: readonly Group[], above: readonly Group[]): Group[] {
  return [...new Map([...below, ...above].map((group) => [group.name, group])).values()];
}
