import { posix } from "node:path";
import { isYamlMap, mapOf, type Yaml, type YamlMap } from "./yaml-map.ts";

/**
 * A service in the one form in which services can be laid over each other: names with values as objects, lists as lists, and
 * every path as seen from the folder in which bake runs.
 * @param folder where the paths of its file begin
 * @throws BAKE_COMPOSE
 */
export function canonicalService(service: YamlMap, { name, file, folder }: { name: string; file: string; folder: string }): YamlMap {
  const { build, environment, env_file: envFile, extends: parent, ...rest } = service;
  return {
    ...rest,
    ...(build === undefined || build === null ? {} : { build: canonicalBuild(typeof build === "string" ? { context: build } : mapOf(build, `services.${name}.build`, file), folder) }),
    ...(environment === undefined ? {} : { environment: pairs(environment) }),
    ...(envFile === undefined ? {} : { env_file: listOf(envFile).map((item) => (isYamlMap(item) ? { ...item, path: at(folder, item["path"] ?? "") } : at(folder, item))) }),
    ...(parent === undefined ? {} : { extends: typeof parent === "string" ? { service: parent } : withFile(mapOf(parent, `services.${name}.extends`, file), folder) }),
  };
}

/** Secrets that are files, with their paths from the folder in which bake runs. */
export function canonicalSecrets(secrets: YamlMap, folder: string): YamlMap {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, isYamlMap(secret) ? withFile(secret, folder) : secret]));
}

function canonicalBuild(build: YamlMap, folder: string): YamlMap {
  return Object.fromEntries(Object.entries(build).map(([key, value]): [string, Yaml] => {
    switch (key) {
      case "context": return [key, value === null ? value : contextAt(folder, String(value))];
      case "args": case "labels": return [key, pairs(value)];
      case "additional_contexts": return [key, Object.fromEntries(Object.entries(pairs(value)).map(([name, place]) => [name, place === null ? place : contextAt(folder, String(place))]))];
      case "extra_hosts": return [key, hosts(value)];
      case "ssh": return [key, keys(value, folder)];
      default: return [key, value];
    }
  }));
}

/** `NAME=VALUE` as a list or an object; a name alone has null. */
function pairs(value: Yaml): YamlMap {
  if (isYamlMap(value)) return value;
  return Object.fromEntries(listOf(value ?? []).map((item): [string, Yaml] => {
    const [name = "", text] = String(item).split(/=(.*)/s, 2);
    return [name, text ?? null];
  }));
}

function hosts(value: Yaml): readonly Yaml[] {
  return isYamlMap(value) ? Object.entries(value).flatMap(([name, places]) => listOf(places).map((place) => `${name}=${String(place)}`)).sort() : listOf(value ?? []);
}

/** `ID` or `ID=PATH`. */
function keys(value: Yaml, folder: string): readonly Yaml[] {
  const written = isYamlMap(value) ? Object.entries(value) : Object.entries(pairs(value));
  return written.map(([id, path]) => (path === null ? id : `${id}=${at(folder, path)}`));
}

export function listOf(value: Yaml): readonly Yaml[] {
  return Array.isArray(value) ? (value as readonly Yaml[]) : [value];
}

function withFile(map: YamlMap, folder: string): YamlMap {
  const file = map["file"];
  return file === undefined || file === null ? map : { ...map, file: at(folder, file) };
}

function contextAt(folder: string, place: string): string {
  return /^[a-z-]+:|^git@|^github\.com\//.test(place) ? place : at(folder, place);
}

function at(folder: string, path: Yaml): string {
  const text = String(path);
  return text === "" ? text : posix.isAbsolute(text) ? posix.normalize(text) : posix.join(folder, text);
}
