import { walkMerged } from "./flatten.ts";

/** A path that two of several trees have. */
export interface Overwritten {
  readonly path: string;
  /** Positions of the trees. */
  readonly first: number;
  readonly second: number;
}

/**
 * The first path that would be lost if several file systems were written into one folder: folders are put together, and
 * everything else can be there once. A worker job.
 * @param options.trees stacks of layers, top first
 */
export function findOverwritten({ trees }: { trees: readonly (readonly string[])[] }): Overwritten | undefined {
  const seen = new Map<string, { readonly tree: number; readonly folder: boolean }>();
  for (const [tree, layers] of trees.entries()) {
    for (const { path, stat } of walkMerged(layers)) {
      const folder = stat.isDirectory();
      const before = seen.get(path);
      if (before === undefined) seen.set(path, { tree, folder });
      else if (!folder || !before.folder) return { path, first: before.tree, second: tree };
    }
  }
  return undefined;
}
