import { parseDocument } from "yaml";
import { fault } from "../../std/fault.ts";
import type { Group, Target } from "../target.ts";
import { buildTarget } from "./build-target.ts";
import { interpolate } from "./interpolate.ts";
import { isYamlMap, mapOf, type Yaml, type YamlMap } from "./yaml-map.ts";

export interface ComposeFile {
  readonly name: string;
  readonly text: string;
}

/**
 * The services of compose files that are built, as targets, and a group `default` of them all. Files are laid over each
 * other; of a service only `image`, `build`, `environment` and `env_file` count.
 * @param readFile reads an env_file beside the first file; undefined where there is none
 * @throws BAKE_COMPOSE, BAKE_SYNTAX
 */
export function readCompose(
  files: readonly ComposeFile[],
  options: { lookup: (name: string) => string | undefined; readFile: (path: string) => string | undefined },
): { groups: Group[]; targets: Target[] } {
  const merged = files.map((file) => readOne(file, options.lookup)).reduce(lay);
  const file = files[0]!.name;
  const services = mapOf(merged["services"] ?? {}, "services", file);
  const targets: Target[] = [];
  for (const [name, written] of Object.entries(services)) {
    const service = mapOf(written ?? {}, `services.${name}`, file);
    if (service["extends"] !== undefined) throw fault("BAKE_COMPOSE", { file, problem: `services.${name}: extends is not supported` });
    if (service["build"] === undefined || service["build"] === null) continue;
    targets.push(buildTarget(name, service, { file, secrets: mapOf(merged["secrets"] ?? {}, "secrets", file), ...options }));
  }
  return { groups: [{ name: "default", targets: targets.map(({ name }) => name) }], targets };
}

function readOne({ name, text }: ComposeFile, lookup: (name: string) => string | undefined): YamlMap {
  const document = parseDocument(text, { merge: true, prettyErrors: true });
  if (document.errors[0]) throw fault("BAKE_SYNTAX", { file: name, problem: document.errors[0].message });
  // The limit stops documents that are small and grow by aliases.
  let json: unknown;
  try {
    json = document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    throw fault("BAKE_SYNTAX", { file: name, problem: (error as Error).message });
  }
  const { services, secrets, include } = mapOf((json ?? {}) as Yaml, "the file", name);
  if (include !== undefined) throw fault("BAKE_COMPOSE", { file: name, problem: "include is not supported: name the files by -f" });
  if (services === undefined && secrets === undefined) throw fault("BAKE_COMPOSE", { file: name, problem: "empty compose file" });
  const filled = fill({ ...(services === undefined ? {} : { services: buildParts(services, name) }), ...(secrets === undefined ? {} : { secrets }) }, (value) => {
    try {
      return interpolate(value, lookup);
    } catch (error) {
      throw fault("BAKE_COMPOSE", { file: name, problem: (error as Error).message });
    }
  });
  return filled as YamlMap;
}

function buildParts(services: Yaml, file: string): YamlMap {
  return Object.fromEntries(Object.entries(mapOf(services ?? {}, "services", file)).map(([name, service]) => {
    const parts = Object.entries(mapOf(service ?? {}, `services.${name}`, file)).filter(([key]) => ["image", "build", "environment", "env_file", "extends"].includes(key));
    // The short form of build is its context.
    return [name, Object.fromEntries(parts.map(([key, value]) => [key, key === "build" && typeof value === "string" ? { context: value } : value]))];
  }));
}

function fill(value: Yaml, change: (text: string) => string): Yaml {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return (value as readonly Yaml[]).map((item) => fill(item, change));
  if (!isYamlMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, change)]));
}

/** A later file over an earlier one: objects join, lists are appended, everything else is replaced. */
function lay(below: YamlMap, above: YamlMap): YamlMap {
  const result: Record<string, Yaml> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const before = Object.hasOwn(below, key) ? below[key]! : undefined;
    if (before !== undefined && isYamlMap(before) && isYamlMap(value)) result[key] = lay(before, value);
    else if (Array.isArray(before) && Array.isArray(value)) result[key] = [...new Set([...(before as readonly Yaml[]), ...(value as readonly Yaml[])])];
    else result[key] = value;
  }
  return Object.fromEntries(Object.entries(result));
}
