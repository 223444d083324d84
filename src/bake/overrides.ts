import { matchName } from "../files/match-name.ts";
import { fault } from "../std/fault.ts";
import { readEntries, withoutDuplicates, type Entry, type EntryKey } from "./entries.ts";
import type { Target } from "./target.ts";
import { toSwitch } from "./value.ts";

/** One `--set PATTERN.KEY[.NAME][+]=VALUE`. */
export interface Override {
  readonly pattern: string;
  readonly key: string;
  readonly name: string | undefined;
  readonly value: string | undefined;
  /** `+=`: adds to what is there. */
  readonly adds: boolean;
}

const ALIASES: Readonly<Record<string, string>> = {
  annotations: "annotation", args: "arg", entitlements: "entitlement", "extra-hosts": "extra-host", labels: "label", platforms: "platform", tags: "tag",
  ulimits: "ulimit", secrets: "secret",
};
const LISTS: Readonly<Record<string, "annotations" | "entitlements" | "no-cache-filter" | "platforms" | "tags" | "ulimits">> = {
  annotation: "annotations", entitlement: "entitlements", "no-cache-filter": "no-cache-filter", platform: "platforms", tag: "tags", ulimit: "ulimits",
};
const MAPS: Readonly<Record<string, "args" | "contexts" | "extra-hosts" | "labels">> = { arg: "args", contexts: "contexts", "extra-host": "extra-hosts", label: "labels" };
const TEXTS: ReadonlySet<string> = new Set(["context", "dockerfile", "target", "call", "shm-size", "network"]);
const SWITCHES: ReadonlySet<string> = new Set(["no-cache", "pull", "push", "load"]);
const ENTRIES: ReadonlySet<string> = new Set(["output", "cache-from", "cache-to", "secret", "ssh", "attest"]);

/** Reads `--set`. @throws BAKE_OVERRIDE */
export function parseOverride(text: string): Override {
  const equals = text.indexOf("=");
  const written = equals < 0 ? text : text.slice(0, equals);
  const adds = equals >= 0 && written.endsWith("+");
  const [pattern, given, name] = splitThree(adds ? written.slice(0, -1) : written);
  if (!pattern || !given) throw invalid(`invalid override key ${written}, expected target.name`);
  const key = ALIASES[given] ?? given;
  const isNamed = Object.hasOwn(MAPS, key);
  if (isNamed && !name) throw invalid(`invalid key ${written}, ${key} requires name`);
  if (!isNamed && name !== undefined) throw invalid(`invalid key ${written}, ${key} does not support subkeys`);
  if (!isNamed && !Object.hasOwn(LISTS, key) && !TEXTS.has(key) && !SWITCHES.has(key) && !ENTRIES.has(key)) throw invalid(`unknown key: ${given}`);
  if (equals < 0 && key !== "arg") throw invalid(`invalid override ${text}, expected target.name=value`);
  return { pattern, key, name, value: equals < 0 ? undefined : text.slice(equals + 1), adds };
}

function splitThree(text: string): [string?, string?, string?] {
  const [, first, second, third] = /^([^.]*)\.([^.]*)(?:\.(.*))?$/s.exec(text) ?? [];
  return [first, second, third];
}

/** The targets that a pattern of `--set` means. @throws BAKE_OVERRIDE */
export function matchTargets(pattern: string, names: readonly string[]): string[] {
  const found = names.includes(pattern) ? [pattern] : names.filter((name) => matchName(pattern, name));
  if (found.length === 0) throw invalid(`could not find any target matching '${pattern}'`);
  return found;
}

/** The target as the overrides for it want it. Several of one key add up, unless the last is empty. @throws BAKE_OVERRIDE */
export function applyOverrides(target: Target, overrides: readonly Override[], env: Readonly<Record<string, string | undefined>>): Target {
  let result = target;
  for (const [key, all] of Map.groupBy(overrides, (override) => override.key)) {
    try {
      result = applyKey(result, key, all, env);
    } catch (error) {
      throw invalid(`${target.name}: ${(error as Error).message}`);
    }
  }
  return result;
}

function applyKey(target: Target, key: string, overrides: readonly Override[], env: Readonly<Record<string, string | undefined>>): Target {
  const last = overrides.at(-1)!;
  if (Object.hasOwn(MAPS, key)) {
    const map = MAPS[key]!;
    const values = overrides.flatMap(({ name, value }) => { const given = value ?? env[name!]; return given === undefined ? [] : [[name!, given] as const]; });
    return { ...target, [map]: { ...target[map], ...Object.fromEntries(values) } };
  }
  if (TEXTS.has(key)) return { ...target, [key]: last.value! };
  if (key === "push" || key === "load") {
    const wanted = toSwitch(last.value!);
    return { ...target, output: key === "push" ? pushing(target.output ?? [], wanted) : loading(target.output ?? [], wanted) };
  }
  if (SWITCHES.has(key)) return { ...target, [key]: toSwitch(last.value!) };
  const given = collect(overrides);
  if (Object.hasOwn(LISTS, key)) {
    const list = LISTS[key]!;
    const before = given.adds || ((list === "annotations" || list === "entitlements") && !given.clears) ? (target[list] ?? []) : [];
    return { ...target, [list]: [...before, ...given.values] };
  }
  const entryKey = key as EntryKey;
  const before = given.adds || (entryKey === "attest" && !given.clears) ? (target[entryKey] ?? []) : [];
  return { ...target, [entryKey]: withoutDuplicates(entryKey, [...before, ...readEntries(entryKey, given.values)]) };
}

function collect(overrides: readonly Override[]): { values: string[]; adds: boolean; clears: boolean } {
  let [values, adds, clears]: [string[], boolean, boolean] = [[], false, false];
  for (const override of overrides) {
    if (!override.adds && override.value === "") [values, clears] = [[], true];
    else values = [...values, override.value!];
    adds = override.adds && !clears;
  }
  return { values, adds, clears };
}

/** `--push`: an image is pushed as well; without an output there is one that pushes. */
function pushing(outputs: readonly Entry[], push: boolean): Entry[] {
  const changed = outputs.map((output) => (output["type"] === "image" ? { ...output, push: String(push) } : output));
  if (!push) return changed.filter(({ type }) => type !== "registry");
  return outputs.every(({ type }) => type === "docker") ? [...changed, { type: "image", push: "true" }] : changed;
}

/** `--load`: into the store as well, unless the outputs go elsewhere. */
function loading(outputs: readonly Entry[], load: boolean): Entry[] {
  const elsewhere = outputs.some(({ type, dest }) => (type === "docker" ? dest === undefined : !["image", "registry", "oci"].includes(type!)));
  return !load || elsewhere ? [...outputs] : [...outputs, { type: "docker" }];
}

function invalid(problem: string): Error {
  return fault("BAKE_OVERRIDE", { problem });
}
