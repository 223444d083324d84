import { posix } from "node:path";
import { fault } from "../../std/fault.ts";
import { mergeTarget, readKey, type Target } from "../target.ts";
import { checkName } from "../definition.ts";
import type { Value } from "../value.ts";
import { listOf } from "./canonical-service.ts";
import { readEnv } from "./read-env.ts";
import { isYamlMap, mapOf, type Yaml, type YamlMap } from "./yaml-map.ts";

export interface ServiceSurroundings {
  readonly file: string;
  readonly secrets: YamlMap;
  readonly lookup: (name: string) => string | undefined;
  readonly readFile: (path: string) => string | undefined;
}

/** The `build` of a service as a target, with what `x-bake` adds. @throws BAKE_COMPOSE, BAKE_EXPRESSION */
export function buildTarget(service: string, { build: written, image, environment, env_file: envFile }: YamlMap, around: ServiceSurroundings): Target {
  const { file } = around;
  const name = service.replaceAll(".", "_");
  checkName(name);
  const build = mapOf(written!, `services.${service}.build`, file);
  const refuse = (problem: string): never => { throw fault("BAKE_COMPOSE", { file, problem: `services.${service}.build: ${problem}` }); };
  const known = new Map([...envVariables(envFile, around), ...Object.entries(pairs(environment ?? null, () => undefined))]);
  const lookup = (variable: string): string | undefined => known.get(variable) ?? around.lookup(variable);
  let target: Target = { name };
  const set = (key: Exclude<keyof Target, "name">, value: Yaml | undefined): void => {
    if (value !== undefined && value !== null) target = { ...target, ...readKey(key, value as Value) };
  };
  for (const [key, value] of Object.entries(build)) {
    switch (key) {
      case "context": case "dockerfile": case "target": case "network": set(key, value); break;
      case "dockerfile_inline": set("dockerfile-inline", value); break;
      case "args": set("args", pairs(value, lookup)); break;
      case "labels": set("labels", pairs(value, () => "")); break;
      case "additional_contexts": set("contexts", contexts(pairs(value, () => undefined))); break;
      case "cache_from": set("cache-from", value); break;
      case "cache_to": set("cache-to", value); break;
      case "extra_hosts": set("extra-hosts", hosts(value)); break;
      case "no_cache": if (isOn(key, value, refuse)) set("no-cache", true); break;
      case "pull": if (isOn(key, value, refuse)) set("pull", true); break;
      case "no_cache_filter": set("no-cache-filter", listOf(value)); break;
      case "privileged": if (isOn(key, value, refuse)) throw fault("NOT_SUPPORTED", { feature: `services.${service}.build.privileged`, hint: "give single steps the right: RUN --security=insecure, with security.insecure in entitlements" }); break;
      case "isolation": if (typeof value !== "string") refuse(`${key} must be a string`); break;
      case "platforms": case "tags": case "entitlements": set(key, value); break;
      case "secrets": set("secret", listOf(value).map((secret) => secretOf(secret, around, refuse))); break;
      case "ssh": set("ssh", sshKeys(value)); break;
      case "shm_size": set("shm-size", memory(String(value)) ?? refuse(`invalid shm_size ${JSON.stringify(value)}`)); break;
      case "ulimits": set("ulimits", ulimits(mapOf(value, "ulimits", file))); break;
      case "provenance": case "sbom": if (value === null) refuse(`${key} has no value: write true, false or what it takes`); set("attest", (["sbom", "provenance"] as const).flatMap((type) => (build[type] === undefined ? [] : [attestation(type, build[type])]))); break;
      case "x-bake": break;
      default: if (!key.startsWith("x-")) refuse(`additional properties '${key}' not allowed`);
    }
  }
  const own = target;
  target = { name };
  for (const [key, value] of Object.entries(isYamlMap(build["x-bake"] ?? null) ? build["x-bake"] as YamlMap : {})) set(extensionKey(key, refuse), typeof value === "string" && key !== "pull" ? value.split(/\s+/) : value);
  const extended = joinExtension(own, target);
  return extended.tags === undefined && typeof image === "string" ? { ...extended, tags: [image] } : extended;
}

const EXTENSION = ["tags", "cache-from", "cache-to", "secret", "ssh", "platforms", "output", "pull", "no-cache", "no-cache-filter", "contexts"] as const;

function extensionKey(key: string, refuse: (problem: string) => never): (typeof EXTENSION)[number] {
  return EXTENSION.find((known) => known === key) ?? refuse(`x-bake has no key ${JSON.stringify(key)}`);
}

/** Everything of x-bake adds to what the service says. */
function joinExtension(own: Target, extension: Target): Target {
  const joined: Target = mergeTarget(own, extension);
  for (const key of ["tags", "platforms"] as const) if (own[key] && extension[key]) joined[key] = [...new Set([...own[key], ...extension[key]])];
  for (const key of ["cache-to", "output"] as const) if (own[key] && extension[key]) joined[key] = [...own[key], ...extension[key]];
  return joined;
}

/** A boolean, also as a word of it in quotes. */
function isOn(key: string, value: Yaml, refuse: (problem: string) => never): boolean {
  const text = typeof value === "boolean" || typeof value === "string" ? String(value).toLowerCase() : refuse(`${key} must be a boolean or string`);
  if (["true", "y", "yes", "on"].includes(text)) return true;
  return ["false", "n", "no", "off"].includes(text) ? false : refuse(`invalid boolean: ${String(value)}`);
}

/** Names with their values; a name alone gets what `missing` says, or is left out. */
function pairs(value: Yaml, missing: (name: string) => string | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(isYamlMap(value) ? value : {}).flatMap(([name, item]) => {
    const text = item === null ? missing(name) : String(item);
    return text === undefined ? [] : [[name, text] as const];
  }));
}

function contexts(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, place]) => [name, contextPlace(place)]));
}

function contextPlace(place: string): string {
  const [, other] = /^(?:service|target):(.*)$/s.exec(place) ?? [];
  if (other !== undefined) return `target:${other.replaceAll(".", "_")}`;
  return place;
}

function hosts(value: Yaml): Record<string, string> {
  const places = new Map<string, string>();
  for (const item of listOf(value)) {
    const [, name = "", place = ""] = /^([^=:]*)[=:](.*)$/s.exec(String(item)) ?? [];
    places.set(name, [...(places.has(name) ? [places.get(name)!] : []), place].join(","));
  }
  return Object.fromEntries(places);
}

function secretOf(value: Yaml, { secrets }: ServiceSurroundings, refuse: (problem: string) => never): YamlMap {
  const id = String(isYamlMap(value) ? value["source"] : value);
  const defined = Object.hasOwn(secrets, id) ? secrets[id]! : {};
  const { external, file, environment } = isYamlMap(defined) ? defined : {};
  if (external === true) refuse(`unsupported external secret ${id}`);
  return { id, ...(file === undefined ? {} : { src: posix.normalize(String(file)) }), ...(environment === undefined ? {} : { env: environment }) };
}

function sshKeys(value: Yaml): Yaml {
  return listOf(value).map(String).sort();
}

/** A size as Go's units write it: units are powers of 1024, four digits are shown. */
function memory(text: string): string | undefined {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? [];
  if (count === undefined) return undefined;
  let size = Number(count) * 1024 ** (unit === "" ? 0 : "kmgtp".indexOf(unit.toLowerCase()) + 1);
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  while (size >= 1024 && units.length > 1) [size] = [size / 1024, units.shift()];
  return `${Number(size.toPrecision(4))}${units[0]}`;
}

function ulimits(map: YamlMap): string[] {
  return Object.entries(map).map(([name, value]) => (isYamlMap(value) ? `${name}=${value["soft"]}:${value["hard"]}` : `${name}=${value}:${value}`));
}

function attestation(type: string, value: Yaml): string {
  const text = String(value);
  const [on, off] = [/^(?:1|t|T|TRUE|true|True)$/.test(text), /^(?:0|f|F|FALSE|false|False)$/.test(text)];
  return on || off ? `type=${type},disabled=${off}` : `type=${type},${text}`;
}

function envVariables(files: Yaml | undefined, { lookup, readFile, file }: ServiceSurroundings): [string, string][] {
  return listOf(files ?? []).flatMap((item) => {
    const path = String(isYamlMap(item) ? item["path"] : item);
    const text = readFile(path);
    if (text === undefined) {
      if (isYamlMap(item) && item["required"] === false) return [];
      throw fault("BAKE_COMPOSE", { file, problem: `env file ${path} not found` });
    }
    return [...readEnv(text, lookup)];
  });
}
