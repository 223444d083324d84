import { posix } from "node:path";
import { fault } from "../../std/fault.ts";
import { canonicalSecrets, canonicalService, listOf } from "./canonical-service.ts";
import { extendServices, type ServiceFile } from "./extend-services.ts";
import { layOver, without } from "./lay-over.ts";
import { parseModels, type ComposeFile } from "./parse-model.ts";
import { readEnv } from "./read-env.ts";
import { isYamlMap, mapOf, type Yaml, type YamlMap } from "./yaml-map.ts";

type Lookup = (name: string) => string | undefined;

export interface Loading {
  readonly lookup: Lookup;
  /** Reads a file as seen from the folder in which bake runs; undefined where there is none. */
  readonly readFile: (path: string) => string | undefined;
}

/** Files that one definition may consist of: a diamond of includes makes many of few. */
const LIMIT = 500;

/**
 * `services` and `secrets` of compose files, laid over each other, with what they include and extend. As compose has it, a file
 * that is included lies below the one that names it.
 * @throws BAKE_COMPOSE, BAKE_SYNTAX
 */
export function loadModel(files: readonly ComposeFile[], { lookup, readFile }: Loading): YamlMap {
  let count = 0;
  const open = (path: string, by: string): ComposeFile => {
    if ((count += 1) > LIMIT) throw fault("BAKE_COMPOSE", { file: by, problem: `more than ${LIMIT} files are included or extended` });
    return { name: path, text: readFile(path) ?? missing(path, by) };
  };

  const load = (all: readonly ComposeFile[], folder: string, known: Lookup, path: readonly string[]): YamlMap => {
    let model: YamlMap = {};
    for (const file of all) {
      for (const { content, cleared } of parseModels(file, known)) {
        const own = canonical(content, file.name, folder);
        const included = includes(content["include"], file.name).reduce<YamlMap>((made, entry) => layOver(made, include(entry, file.name, folder, known, path)), {});
        const whole = layOver(without(included, cleared), own);
        const services = extendServices({ file: file.name, services: mapOf(whole["services"] ?? {}, "services", file.name), cleared }, (other) => servicesOf(other, file.name, known));
        model = layOver(without(model, cleared), { ...whole, ...(whole["services"] === undefined ? {} : { services }) });
      }
    }
    return model;
  };

  const include = (entry: YamlMap, by: string, folder: string, known: Lookup, path: readonly string[]): YamlMap => {
    const paths = listOf(entry["path"] ?? []).map((one) => posix.join(folder, String(one)));
    const [first] = paths;
    if (first === undefined) throw fault("BAKE_COMPOSE", { file: by, problem: "include needs a path" });
    if (path.includes(first)) throw fault("BAKE_COMPOSE", { file: by, problem: `include cycle detected: ${[...path, first].join(" includes ")}` });
    const project = typeof entry["project_directory"] === "string" ? posix.join(folder, entry["project_directory"]) : posix.dirname(first);
    const variables = new Map<string, string>();
    const inner: Lookup = (name) => known(name) ?? variables.get(name);
    const named = entry["env_file"] === undefined || entry["env_file"] === null ? undefined : listOf(entry["env_file"]).map(String).filter((one) => one !== "/dev/null");
    for (const one of named ?? [posix.join(project, ".env")]) {
      const text = readFile(named ? posix.join(folder, one) : one) ?? (named ? missing(one, by) : "");
      for (const [name, value] of readEnv(text, inner)) variables.set(name, value);
    }
    return load(paths.map((one) => open(one, by)), project, inner, [...path, first]);
  };

  const extendedFiles = new Map<string, ServiceFile>();
  const servicesOf = (path: string, by: string, known: Lookup): ServiceFile => {
    const before = extendedFiles.get(path);
    if (before) return before;
    const file = open(path, by);
    const models = parseModels(file, known);
    const services = models.reduce<YamlMap>((made, { content, cleared }) => layOver(without(made, cleared), canonical(content, path, posix.dirname(path))), {})["services"];
    if (services === undefined) throw fault("BAKE_COMPOSE", { file: by, problem: `${path} has no services to extend` });
    const made = { file: path, services: mapOf(services, "services", path), cleared: models.flatMap(({ cleared }) => cleared) };
    extendedFiles.set(path, made);
    return made;
  };

  return load(files, ".", lookup, files.slice(0, 1).map(({ name }) => posix.normalize(name)));
}

function canonical({ services, secrets }: YamlMap, file: string, folder: string): YamlMap {
  return {
    ...(services === undefined ? {} : { services: Object.fromEntries(Object.entries(mapOf(services, "services", file)).map(([name, service]) => [name, canonicalService(mapOf(service, `services.${name}`, file), { name, file, folder })])) }),
    ...(secrets === undefined ? {} : { secrets: canonicalSecrets(mapOf(secrets ?? {}, "secrets", file), folder) }),
  };
}

function includes(written: Yaml | undefined, file: string): YamlMap[] {
  if (written === undefined) return [];
  if (!Array.isArray(written)) throw fault("BAKE_COMPOSE", { file, problem: "include must be a list" });
  return (written as readonly Yaml[]).map((entry) => (isYamlMap(entry) ? entry : { path: String(entry) }));
}

function missing(path: string, file: string): never {
  throw fault("BAKE_COMPOSE", { file, problem: `${path}: there is no such file` });
}
