import { posix } from "node:path";
import { entryText, type Entry, type EntryKey } from "../../bake/entries.ts";
import type { Target } from "../../bake/target.ts";

/** What a bake target says, as words of `sampan build`, so that both mean the same. Contexts that are targets are not in it. */
export function targetWords(target: Target): string[] {
  const words: string[] = [];
  const add = (flag: string, values: readonly string[] | undefined): void => { for (const value of values ?? []) words.push(`--${flag}=${value}`); };
  const pairs = (map: Readonly<Record<string, string>> | undefined, between = "="): string[] => Object.entries(map ?? {}).map(([name, value]) => `${name}${between}${value}`);
  const entries = (key: EntryKey): string[] => (target[key] ?? []).map((entry) => entryText(key, entry));
  const { outputs, names } = namedOutputs(target.output ?? []);
  add("tag", [...(target.tags ?? []), ...names]);
  add("label", pairs(target.labels));
  add("annotation", target.annotations);
  add("attest", entries("attest"));
  add("platform", target.platforms && [target.platforms.join(",")]);
  add("file", [target["dockerfile-inline"] === undefined ? dockerfilePath(target) : "-"]);
  add("target", target.target === undefined ? [] : [target.target]);
  add("build-arg", pairs(target.args));
  add("build-context", pairs(otherContexts(target)));
  if (target["no-cache"] === true) words.push("--no-cache");
  add("no-cache-filter", target["no-cache-filter"]);
  if (target.pull === true) words.push("--pull");
  add("cache-from", entries("cache-from"));
  add("cache-to", entries("cache-to"));
  add("output", outputs.map((output) => entryText("output", output)));
  add("secret", entries("secret"));
  add("ssh", entries("ssh"));
  add("add-host", pairs(target["extra-hosts"], ":"));
  add("network", target.network === undefined ? [] : [target.network]);
  add("shm-size", target["shm-size"] === undefined ? [] : [target["shm-size"]]);
  add("ulimit", target.ulimits);
  add("allow", target.entitlements);
  return [...words, "--", target.context!];
}

/** Contexts that are other targets, by the name that the Dockerfile has for them. */
export function linkedTargets({ contexts = {} }: Target): Map<string, string> {
  return new Map(Object.entries(contexts).flatMap(([name, place]) => (place.startsWith("target:") ? [[name, place.slice("target:".length)] as const] : [])));
}

function otherContexts({ contexts = {} }: Target): Record<string, string> {
  return Object.fromEntries(Object.entries(contexts).filter(([, place]) => !place.startsWith("target:")).map(([name, place]) => [name, place.replace(/^cwd:\/\//, "")]));
}

/** A Dockerfile is named from the root of its context. */
function dockerfilePath({ context = ".", dockerfile = "Dockerfile" }: Target): string {
  if (dockerfile.startsWith("cwd://")) return posix.normalize(dockerfile.slice("cwd://".length));
  return posix.isAbsolute(dockerfile) || /^[a-z+]+:\/\/|^git@/i.test(context) ? dockerfile : posix.join(context, dockerfile);
}

/** The names that outputs of type image give an image are tags like others. */
function namedOutputs(entries: readonly Entry[]): { outputs: Entry[]; names: string[] } {
  const names = entries.flatMap(({ name }) => (name ? name.split(",") : []));
  return { outputs: entries.map(({ name: _name, ...entry }) => entry), names: [...new Set(names)] };
}
