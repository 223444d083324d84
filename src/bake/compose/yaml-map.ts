import { fault } from "../../std/fault.ts";

export type Yaml = string | number | boolean | null | readonly Yaml[] | YamlMap;

export interface YamlMap {
  readonly [name: string]: Yaml;
}

export function isYamlMap(value: Yaml): value is YamlMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws BAKE_COMPOSE */
export function mapOf(value: Yaml, where: string, file: string): YamlMap {
  if (isYamlMap(value)) return value;
  throw fault("BAKE_COMPOSE", { file, problem: `${where} must be a mapping` });
}
