import { readFileSync } from "node:fs";
import * as v from "valibot";
import { suggest } from "../../dockerfile/suggest.ts";
import { fault } from "../../std/fault.ts";
import { formatPath, readYaml, type FilePath } from "../../std/yaml-file.ts";
import { ROLES } from "../terms/rights.ts";
import { configSchema, type ServerConfig } from "./config-schema.ts";
import { doubledRules, nameOfRule } from "./replication-section.ts";

const LIMIT = 1024 * 1024;

/** @throws SERVER_CONFIG_UNREADABLE, SERVER_CONFIG_INVALID with every problem that was found */
export function readConfigFile(file: string): ServerConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: (cause as Error).message }, { cause });
  }
  if (text.length > LIMIT) throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: "it is larger than 1 MiB" });
  return readConfig(text, file);
}

/**
 * @param file what messages call it
 * @throws SERVER_CONFIG_INVALID
 */
export function readConfig(text: string, file: string): ServerConfig {
  const read = readYaml(text);
  if (!read.ok) throw fault("SERVER_CONFIG_INVALID", { file, problems: [{ line: read.line, place: "", problem: read.problem }] });
  const invalid = (problems: readonly Problem[]): Error =>
    fault("SERVER_CONFIG_INVALID", {
      file,
      problems: problems.map(({ path, problem }) => ({ line: read.lineOf(path), place: formatPath(path), problem })).sort((a, b) => a.line - b.line),
    });
  if (Array.isArray(read.value)) throw invalid([{ path: [], problem: "it is no map" }]);
  const result = v.safeParse(configSchema, read.value ?? {});
  if (!result.success) throw invalid(result.issues.map(describeIssue));
  const problems = [...rolesSaidAnew(result.output), ...unknownRoles(result.output), ...redirectForNobody(result.output), ...rulesTwice(result.output)];
  if (problems.length > 0) throw invalid(problems);
  return result.output;
}

interface Problem {
  readonly path: FilePath;
  readonly problem: string;
}

function describeIssue(issue: v.InferIssue<typeof configSchema>): Problem {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  if (issue.type !== "strict_object") return { path, problem: issue.message.replace(/^Invalid type: /, "") };
  if (issue.expected !== "never") return { path, problem: path.length > 0 && typeof issue.input === "undefined" ? "it is missing" : "it is no map" };
  const known = keysAt(path.slice(0, -1));
  const key = String(path.at(-1));
  const near = suggest(key, known);
  return { path, problem: `${JSON.stringify(key)} means nothing here: ${near === undefined ? `it may be ${known.join(", ")}` : `did you mean ${near}?`}` };
}

/** The keys that a map of the configuration may have. */
function keysAt(path: FilePath): readonly string[] {
  let schema: unknown = configSchema;
  for (const part of path) schema = inside(schema, part);
  return Object.keys(unwrap(schema)?.entries ?? {});
}

interface Shape {
  readonly type: string;
  readonly wrapped?: unknown;
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly item?: unknown;
  readonly value?: unknown;
  readonly pipe?: readonly unknown[];
}

function unwrap(schema: unknown): Shape | undefined {
  let shape = schema as Shape | undefined;
  for (;;) {
    if (shape?.wrapped !== undefined) shape = shape.wrapped as Shape;
    else if (shape?.type === "unknown" && shape.pipe) shape = shape.pipe.find((step) => (step as Shape).type === "array") as Shape | undefined;
    else return shape;
  }
}

function inside(schema: unknown, part: string | number): unknown {
  const shape = unwrap(schema);
  return typeof part === "number" ? shape?.item : (shape?.entries?.[part] ?? shape?.value);
}

/** Files can be named only where there are some, and to those who are believed. */
function redirectForNobody({ internalRedirect, trustedProxies, storage }: ServerConfig): readonly Problem[] {
  if (internalRedirect === undefined) return [];
  const problem = storage.s3 !== undefined ? "blobs are no files here, so that no server in front can send them: leave it out" : "nobody gets it without trustedProxies: name the server in front there";
  return storage.s3 === undefined && trustedProxies.length > 0 ? [] : [{ path: ["internalRedirect"], problem }];
}

/** Metrics and commands know a rule by its name, and the server what it has done of it by what it copies. */
function rulesTwice({ replication }: ServerConfig): readonly Problem[] {
  return doubledRules(replication).map(({ index, like, same }) => ({
    path: ["replication", index],
    problem: same === "copies" ? `it copies the same as rule ${like + 1}: leave one of them out` : `it is called like rule ${like + 1}, ${JSON.stringify(nameOfRule(replication[index]!))}: give one of them a name of its own (\`name\`)`,
  }));
}

/** A word that everybody knows must not mean something else here. */
function rolesSaidAnew({ access }: ServerConfig): readonly Problem[] {
  return Object.keys(access?.roles ?? {}).filter((role) => Object.hasOwn(ROLES, role)).map((role) => ({
    path: ["access", "roles", role], problem: `${role} is always there and means ${ROLES[role]!.join(", ")}: choose another name`,
  }));
}

/** Roles that grants name have to be there. */
function unknownRoles({ access }: ServerConfig): readonly Problem[] {
  const roles = Object.keys({ ...ROLES, ...access?.roles });
  return (access?.grants ?? []).flatMap(({ role }, index) => {
    if (roles.includes(role)) return [];
    const near = suggest(role, roles);
    return [{ path: ["access", "grants", index, "role"], problem: `there is no role ${JSON.stringify(role)}: ${near === undefined ? `it may be ${roles.join(", ")}, or one of access.roles` : `did you mean ${near}?`}` }];
  });
}
