import { suggest } from "../dockerfile/suggest.ts";
import { fault } from "../std/fault.ts";
import { matchName } from "../files/match-name.ts";
import { applyOverrides, matchTargets, type Override } from "./overrides.ts";
import { mergeTarget, normalizeTarget, type Group, type Target } from "./target.ts";

export interface Resolved {
  /** What is built, by name; with what others need of `target:`. */
  readonly targets: readonly Target[];
  /** Targets that are only built because others need them. */
  readonly linked: ReadonlySet<string>;
  readonly groups: readonly Group[];
}

/**
 * The targets that names on the command line mean, with what they inherit and what `--set` changes.
 * @param options.names groups, targets and patterns; by default `default`
 * @throws BAKE_TARGET, BAKE_OVERRIDE
 */
export function resolveTargets(
  defined: { readonly groups: readonly Group[]; readonly targets: readonly Target[] },
  options: { names: readonly string[]; overrides: readonly Override[]; env: Readonly<Record<string, string | undefined>> },
): Resolved {
  const groups = new Map(defined.groups.map((group) => [group.name, group]));
  const targets = new Map(defined.targets.map((target) => [target.name, target]));
  const names = [...new Set(options.names.flatMap((name) => matchNames(name.replaceAll(".", "_"), [...groups.keys(), ...targets.keys()])))];
  const overrides = new Map<string, Override[]>();
  for (const override of options.overrides) {
    for (const name of matchTargets(override.pattern, [...targets.keys()])) overrides.set(name, [...(overrides.get(name) ?? []), override]);
  }
  const resolved = new Map<string, Target>();
  const resolve = (name: string): Target => {
    const known = resolved.get(name);
    if (known) return known;
    const made = inherit(name, targets, overrides, options.env, []);
    const { inherits: _inherited, ...target } = made;
    const ready = { ...target, context: target.context ?? ".", dockerfile: target.dockerfile || "Dockerfile" };
    resolved.set(name, ready);
    return ready;
  };
  const used = new Map<string, Group>();
  for (const name of names) for (const target of expand(name, groups, used)) resolve(target);
  const asked = new Set(resolved.keys());
  for (const name of asked) link(resolve(name), resolve, [name]);
  const linked = new Set([...resolved.keys()].filter((name) => !asked.has(name)));
  const shown = defaultGroup(names, used);
  return {
    targets: [...resolved.values()].map((target) => (linked.has(target.name) ? { ...target, output: [{ type: "cacheonly" }] } : target)),
    linked,
    groups: [...shown.values()],
  };
}

function matchNames(pattern: string, names: readonly string[]): string[] {
  if (!/[*?[\]]/.test(pattern)) return [pattern];
  const found = names.filter((name) => matchName(pattern, name));
  if (found.length === 0) throw fault("BAKE_TARGET", { problem: `could not find any target matching ${JSON.stringify(pattern)}`, names });
  return found;
}

/** The targets of a name, groups in groups included, each group once. A group within itself is none there: that name is a target's. */
function expand(name: string, groups: ReadonlyMap<string, Group>, used: Map<string, Group>, within: readonly string[] = []): string[] {
  const group = groups.get(name);
  if (!group || within.includes(name)) return [name];
  if (used.has(name)) return [];
  used.set(name, group);
  return group.targets.flatMap((inner) => expand(inner, groups, used, [...within, name]));
}

/** `--print` always shows a group `default`: of all that was asked for. */
function defaultGroup(names: readonly string[], used: ReadonlyMap<string, Group>): Map<string, Group> {
  const shown = new Map(used);
  const rest = names.filter((name) => name !== "default" || !used.has("default"));
  const before = shown.get("default");
  if (before || rest.length > 0) shown.set("default", { ...before, name: "default", targets: [...new Set([...(before?.targets ?? []), ...rest])].sort() });
  return shown;
}

function inherit(
  name: string, targets: ReadonlyMap<string, Target>, overrides: ReadonlyMap<string, readonly Override[]>, env: Readonly<Record<string, string | undefined>>, path: readonly string[],
): Target {
  const own = targets.get(name);
  if (!own) throw fault("BAKE_TARGET", { problem: `failed to find target ${name}`, suggestion: suggest(name, targets.keys()), names: [...targets.keys()] });
  if (path.includes(name)) return { name };
  const parents = (own.inherits ?? []).map((parent) => inherit(parent, targets, overrides, env, [...path, name]));
  const merged = [...parents, own].reduce<Target>((made, next) => mergeTarget(made, next), { name });
  return normalizeTarget(applyOverrides({ ...merged, name }, overrides.get(name) ?? [], env));
}

/** Targets that others have as a context (`target:NAME`) are built too. @throws BAKE_TARGET */
function link(target: Target, resolve: (name: string) => Target, path: readonly string[]): void {
  for (const place of Object.values(target.contexts ?? {})) {
    if (!place.startsWith("target:")) continue;
    const other = place.slice("target:".length);
    if (other === target.name) throw fault("BAKE_TARGET", { problem: `target ${other} cannot link to itself` });
    if (path.includes(other)) throw fault("BAKE_TARGET", { problem: `infinite loop from ${target.name} to ${other}` });
    link(resolve(other), resolve, [...path, other]);
  }
}
