import { readEntries, withoutDuplicates, type Entry, type EntryKey } from "./entries.ts";
import { entriesOf, problem, toList, toSwitch, toText, type Value } from "./value.ts";

type TextKey = "call" | "context" | "description" | "dockerfile" | "dockerfile-inline" | "network" | "shm-size" | "target";
type ListKey = "annotations" | "entitlements" | "inherits" | "no-cache-filter" | "platforms" | "tags" | "ulimits";
type MapKey = "args" | "contexts" | "extra-hosts" | "labels";
type SwitchKey = "no-cache" | "pull";

/** One thing to build, with bake's own names. What is absent was not said. */
export type Target = { name: string }
  & { [Key in TextKey]?: string } & { [Key in ListKey]?: readonly string[] } & { [Key in MapKey]?: Readonly<Record<string, string>> }
  & { [Key in SwitchKey]?: boolean } & { [Key in EntryKey]?: readonly Entry[] };

export interface Group {
  readonly name: string;
  readonly description?: string;
  readonly targets: readonly string[];
  /** Whether nobody wrote its targets down: the default group of compose files in which no service is built. */
  readonly unwritten?: boolean;
}

type Key = Exclude<keyof Target, "name">;

/** What each key holds, and what a later definition of the same target does to an earlier one. */
const KEYS: { readonly [Name in Key]: { readonly holds: "text" | "list" | "map" | "switch" | "entries"; readonly later: "replaces" | "adds" } } = {
  description: { holds: "text", later: "replaces" },
  inherits: { holds: "list", later: "adds" },
  annotations: { holds: "list", later: "adds" },
  attest: { holds: "entries", later: "adds" },
  context: { holds: "text", later: "replaces" },
  contexts: { holds: "map", later: "adds" },
  dockerfile: { holds: "text", later: "replaces" },
  "dockerfile-inline": { holds: "text", later: "replaces" },
  args: { holds: "map", later: "adds" },
  labels: { holds: "map", later: "adds" },
  tags: { holds: "list", later: "replaces" },
  "cache-from": { holds: "entries", later: "adds" },
  "cache-to": { holds: "entries", later: "replaces" },
  target: { holds: "text", later: "replaces" },
  secret: { holds: "entries", later: "adds" },
  ssh: { holds: "entries", later: "adds" },
  platforms: { holds: "list", later: "replaces" },
  output: { holds: "entries", later: "replaces" },
  pull: { holds: "switch", later: "replaces" },
  "no-cache": { holds: "switch", later: "replaces" },
  network: { holds: "text", later: "replaces" },
  "no-cache-filter": { holds: "list", later: "adds" },
  "shm-size": { holds: "text", later: "replaces" },
  ulimits: { holds: "list", later: "adds" },
  call: { holds: "text", later: "replaces" },
  entitlements: { holds: "list", later: "adds" },
  "extra-hosts": { holds: "map", later: "adds" },
};

/** Names of keys in the order in which `--print` shows them. */
export const targetKeys = Object.keys(KEYS) as readonly Key[];

export function isTargetKey(name: string): name is Key {
  return Object.hasOwn(KEYS, name);
}

/** Reads what a file says for a key; null says nothing. @throws BAKE_EXPRESSION */
export function readKey(key: Key, value: Value): Partial<Target> {
  if (value === null) return {};
  switch (KEYS[key].holds) {
    case "text": return { [key]: toText(value) };
    case "switch": return { [key]: toSwitch(value) };
    case "list": return { [key]: toList(value).filter((item) => item !== null).map(toText) };
    case "entries": return { [key]: readEntries(key as EntryKey, value) };
    case "map": {
      if (Array.isArray(value)) problem(`${key} has to be an object`);
      return { [key]: Object.fromEntries(entriesOf(value).filter(([, item]) => item !== null).map(([name, item]) => [name, toText(item)])) };
    }
  }
}

/** A target with what a later definition says; lists and objects that add up do so in the order of the definitions. */
export function mergeTarget(target: Target, later: Partial<Target>): Target {
  const merged: Record<string, unknown> = { ...target };
  for (const key of targetKeys) {
    const [before, after] = [target[key], later[key]];
    if (after === undefined) continue;
    const { holds, later: rule } = KEYS[key];
    if (rule === "replaces" || before === undefined) merged[key] = after;
    else if (holds === "map") merged[key] = { ...(before as object), ...(after as object) };
    else merged[key] = [...(before as readonly unknown[]), ...(after as readonly unknown[])];
  }
  return merged as Target;
}

/** Without what stands there twice or is empty; host networking needs its entitlement. */
export function normalizeTarget(target: Target): Target {
  const result: Record<string, unknown> = { ...target };
  if (target.network === "host") result["entitlements"] = [...(target.entitlements ?? []), "network.host"];
  for (const key of targetKeys) {
    const value = result[key];
    if (value === undefined) continue;
    const { holds } = KEYS[key];
    if (holds === "list" && key !== "inherits") result[key] = [...new Set(value as readonly string[])].filter((item) => item !== "");
    if (holds === "entries") result[key] = withoutDuplicates(key as EntryKey, value as readonly Entry[]);
    if (key === "contexts") result[key] = Object.fromEntries(Object.entries(value as Record<string, string>).filter(([, place]) => place !== ""));
    if (holds !== "text" && holds !== "switch" && Object.keys(result[key] as object).length === 0) delete result[key];
  }
  return result as Target;
}
