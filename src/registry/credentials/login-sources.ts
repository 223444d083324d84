import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fault } from "../../std/fault.ts";
import { keyPlace, keysOf } from "./auth-key.ts";
import type { HelperUse } from "./credential-helper.ts";
import type { Environment } from "./credentials.ts";
import { dockerConfigFile, parseConfig, readConfig, type AuthConfig } from "./read-config.ts";

/** A file or variable that keeps logins. */
export interface LoginSource {
  /** As messages name it: the path, or `DOCKER_AUTH_CONFIG`. */
  readonly name: string;
  readonly config: AuthConfig;
  /** Where the helper of all hosts is named, unless that is docker's `credsStore`. */
  readonly helperKey?: HelperUse["key"];
}

/** `credential-helpers` of containers' registries.conf: names of helpers, and `containers-auth.json` for the files. */
export interface HelperList {
  readonly names: readonly string[];
  readonly file: string;
}

/** What says where logins are. */
export interface LoginOptions {
  readonly environment?: Environment;
  /** The only file to look into, in docker's or containers' format. */
  readonly authFile?: string;
  readonly helpers?: HelperList;
}

const VARIABLE = "DOCKER_AUTH_CONFIG";
/** The name of the files among the helpers of registries.conf. */
const FILES = "containers-auth.json";

/** The variable DOCKER_AUTH_CONFIG, which is asked before all files. It may hold logins only. @throws DOCKER_CONFIG_INVALID */
export function variableSource(environment: Environment): LoginSource | undefined {
  const text = environment[VARIABLE];
  if (!text) return undefined;
  const config = parseConfig(text, VARIABLE);
  const other = Object.keys(config).find((key) => key !== "auths");
  if (other !== undefined) throw fault("DOCKER_CONFIG_INVALID", { file: VARIABLE, problem: `it may hold "auths" only, not ${JSON.stringify(other)}` });
  for (const [key, { auth }] of Object.entries(config.auths ?? {})) {
    if (!auth) throw fault("DOCKER_CONFIG_INVALID", { file: VARIABLE, problem: `the entry for ${key} has no "auth"` });
  }
  return { name: VARIABLE, config };
}

/**
 * The files that keep logins, in the order in which they are asked: docker's config.json, then containers' auth.json and
 * the old .dockercfg, with the helpers of registries.conf where its list has them. `authFile`, when given, is the only one.
 * @throws DOCKER_CONFIG_INVALID
 */
export function* fileSources({ environment = process.env, authFile, helpers }: LoginOptions): Generator<LoginSource, void, undefined> {
  if (authFile !== undefined) return yield { name: authFile, config: readConfig(authFile) };
  const docker = dockerConfigFile(environment);
  yield { name: docker, config: readConfig(docker) };
  for (const name of helpers?.names ?? [FILES]) {
    if (name !== FILES) yield { name: helpers!.file, config: { credsStore: helperName(name, helpers!.file) }, helperKey: "credential-helpers" };
    else for (const file of containersFiles(environment)) if (file !== docker) yield { name: file, config: readConfig(file) };
  }
  const old = join(homeOf(environment), ".dockercfg");
  yield { name: old, config: oldConfig(readConfig(old)) };
}

/** The names of all places that are looked into, whether or not they are there. */
export function sourceNames(options: LoginOptions): string[] {
  const { environment = process.env, authFile } = options;
  const variable = environment[VARIABLE] && authFile === undefined ? [VARIABLE] : [];
  return [...new Set([...variable, ...[...fileSources(options)].map(({ name }) => name)])];
}

function helperName(name: string, file: string): string {
  if (/^[\w.+-]+$/.test(name)) return name;
  throw fault("DOCKER_CONFIG_INVALID", { file, problem: "credential-helpers holds the name of a helper that is not a plain name" });
}

/** The helper that a file names for a host; an empty name says that this host's login is in the file. */
export function helperFor(host: string, { name: file, config: { credHelpers, credsStore }, helperKey = "credsStore" }: LoginSource): HelperUse | undefined {
  const [key] = keysOf(credHelpers, keyPlace(host));
  const name = key === undefined ? credsStore : credHelpers![key];
  return name ? { name, file, key: key === undefined ? helperKey : "credHelpers" } : undefined;
}

/** Where podman, buildah and skopeo keep logins (containers-auth.json(5)). */
function containersFiles(environment: Environment): string[] {
  const told = environment["REGISTRY_AUTH_FILE"];
  if (told) return [told];
  const runtime = environment["XDG_RUNTIME_DIR"];
  return [join(runtime ? join(runtime, "containers") : `/run/containers/${ownId()}`, "auth.json"), join(environment["XDG_CONFIG_HOME"] || join(homeOf(environment), ".config"), "containers", "auth.json")];
}

/** This user's id as the machine knows it: in a user namespace the process is root. */
function ownId(): number {
  const id = process.getuid!();
  const rows = readFileSync("/proc/self/uid_map", "utf8").trim().split("\n").map((row) => row.trim().split(/\s+/).map(Number));
  const [inside = id, outside = id] = rows.find(([from = 0, , length = 0]) => id >= from && id < from + length) ?? [];
  return outside + id - inside;
}

/** `.dockercfg` is the object of `auths` itself. */
function oldConfig(config: Readonly<Record<string, unknown>>): AuthConfig {
  return parseConfig(JSON.stringify({ auths: config }), ".dockercfg");
}

function homeOf(environment: Environment): string {
  return environment["HOME"] || homedir();
}
