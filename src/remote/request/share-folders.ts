import type { Inputs } from "./inputs.ts";

/** A folder that several targets are built of, under the names that they have for it. */
export interface SharedFolder {
  readonly path: string;
  readonly names: ReadonlySet<string>;
  /** Of the session that serves it and nothing else, so that the worker takes it for the same in each target. */
  readonly session: string;
}

/** The folders that more than one target is built of. */
export function sharedFolders(targets: readonly Pick<Inputs, "folders">[], newSession: () => string): SharedFolder[] {
  const users = new Map<string, { targets: Set<unknown>; names: Set<string> }>();
  for (const target of targets) {
    for (const [name, path] of target.folders) {
      const found = users.get(path) ?? { targets: new Set(), names: new Set() };
      found.targets.add(target);
      found.names.add(name);
      users.set(path, found);
    }
  }
  return [...users].filter(([, found]) => found.targets.size > 1).map(([path, { names }]) => ({ path, names, session: newSession() }));
}

/** What the frontend of a target is told: which of its folders other sessions than its own serve. */
export function sharedAttrs({ folders }: Pick<Inputs, "folders">, shared: readonly SharedFolder[]): Record<string, string> {
  return Object.fromEntries([...folders].flatMap(([name, path]) => {
    const found = shared.find((folder) => folder.path === path);
    return found === undefined ? [] : [[`local-sessionid:${name}`, found.session] as const];
  }));
}
