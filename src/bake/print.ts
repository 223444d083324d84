import type { Entry } from "./entries.ts";
import { targetKeys, type Group, type Target } from "./target.ts";

/** What `bake --print` shows, with the names, the order and the escapes of buildx. */
export function printTargets(groups: readonly Group[], targets: readonly Target[]): string {
  const byName = <Item extends { readonly name: string }>(items: readonly Item[], show: (item: Item) => unknown): Record<string, unknown> =>
    Object.fromEntries([...items].sort((a, b) => (a.name < b.name ? -1 : 1)).map((item) => [item.name, show(item)]));
  const shown = {
    ...(groups.length === 0 ? {} : { group: byName(groups, ({ description, targets: names, unwritten }) => ({ ...(description ? { description } : {}), targets: unwritten && names.length === 0 ? null : names })) }),
    target: byName(targets, showTarget),
  };
  return JSON.stringify(shown, null, 2).replace(/[<>&\u2028\u2029]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function showTarget(target: Target): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const key of targetKeys) {
    const value = target[key];
    if (value === undefined || value === "" && key === "description") continue;
    if (key === "secret") shown[key] = (value as readonly Entry[]).map(({ id, src, env }) => ({ ...(id ? { id } : {}), ...(src ? { src } : {}), ...(env ? { env } : {}) }));
    else if (key === "ssh") shown[key] = (value as readonly Entry[]).map(({ id, paths }) => ({ ...(id ? { id } : {}), ...(paths ? { paths: paths.split(",") } : {}) }));
    else if (key === "attest") shown[key] = (value as readonly Entry[]).map((entry) => sorted(attestation(entry)));
    else if (key === "output" || key === "cache-from" || key === "cache-to") shown[key] = (value as readonly Entry[]).map((entry) => sorted(withoutEmpty(entry)));
    else if (key === "args" || key === "labels" || key === "extra-hosts") shown[key] = sorted(mapValues(value as Record<string, string>, escape));
    else if (key === "contexts") shown[key] = sorted(value as Record<string, string>);
    else if (key === "annotations") shown[key] = (value as readonly string[]).map(escape);
    else shown[key] = key === "dockerfile-inline" ? escape(value as string) : value;
  }
  return shown;
}

/** `${` and `%{` would be read as templates when the JSON is used as a bake file. */
function escape(text: string): string {
  return text.replace(/[$%]\{/g, (start) => start[0] + start);
}

function attestation({ disabled, ...entry }: Entry): Record<string, unknown> {
  return disabled === "true" || disabled === "1" ? { ...entry, disabled: true } : entry;
}

function withoutEmpty({ dest, ...entry }: Entry): Entry {
  return dest ? { ...entry, dest } : entry;
}

function sorted<Item>(map: Readonly<Record<string, Item>>): Record<string, Item> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mapValues(map: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, text]) => [name, change(text)]));
}
