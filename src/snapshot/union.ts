import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { fault } from "../std/fault.ts";
import { sortNames } from "../std/sort-names.ts";
import { isOpaque } from "./opaque.ts";
import { isWhiteout } from "./whiteout.ts";

/** What a path of a stack of layers is, and in which layer's folder it lies. */
export interface UnionEntry {
  /** Path below the root, `usr/bin/env`; empty for the root itself. */
  readonly path: string;
  /** Where it lies on the host. */
  readonly hostPath: string;
  readonly stat: Stats;
}

/** How many symlinks a lookup follows before it gives up, as the kernel does. */
const LINK_LIMIT = 255;

/**
 * A read-only view of layer folders in overlayfs' form (whiteout = character device 0/0, opaque
 * directory = xattr), as overlayfs would show them merged, without mounting anything. Synchronous.
 * As there, a mark on the root of a layer means nothing.
 * All paths are relative to the root of the view; no lookup can leave it, whatever the symlinks say.
 */
export class Union {
  readonly #layers: readonly string[];

  /** @param layers folders on the host, **top first**; an empty list is an empty root. */
  constructor(layers: readonly string[]) {
    this.#layers = layers;
  }

  /** The entry itself, symlinks in its parents **not** followed; undefined where there is none. */
  lstat(path: string): UnionEntry | undefined {
    const parts = split(path);
    let folders = this.#layers;
    if (parts.length === 0) return this.#rootEntry();
    for (let i = 0; i < parts.length - 1; i += 1) {
      folders = subfolders(folders, parts[i]!);
      if (folders.length === 0) return undefined;
    }
    return this.#find(folders, parts.at(-1)!, parts.join("/"));
  }

  /** Names in a directory (a path without symlinks), sorted by their bytes; empty where it is no directory. */
  readdir(path: string): string[] {
    const folders = this.folders(path);
    if (folders.length === 1 && this.#layers.length === 1) return sortNames(readdirSync(folders[0]!));
    const seen = new Map<string, boolean>();
    for (const folder of folders) {
      for (const item of readdirSync(folder, { withFileTypes: true })) {
        if (seen.has(item.name)) continue;
        const hidden = item.isCharacterDevice() && isWhiteout(lstatSync(`${folder}/${item.name}`));
        seen.set(item.name, !hidden);
      }
    }
    return sortNames([...seen].filter(([, visible]) => visible).map(([name]) => name));
  }

  /** The host folders that make up a directory (a path without symlinks), top first; none where it is no directory. */
  folders(path: string): string[] {
    let folders = [...this.#layers];
    for (const part of split(path)) {
      if (folders.length === 0) break;
      folders = subfolders(folders, part);
    }
    return folders;
  }

  /**
   * Follows symlinks in the parents of a path, and in its last component too when `followLast` is set,
   * never above the root. Components that do not exist are kept as written.
   * @returns the path free of symlinks, and the entry if it exists.
   * @throws SYMLINK_LOOP
   */
  resolve(path: string, options: { followLast?: boolean } = {}): { path: string; entry: UnionEntry | undefined } {
    const pending = split(path).reverse();
    const done: string[] = [];
    let links = 0;
    while (pending.length > 0) {
      const part = pending.pop()!;
      if (part === "..") {
        done.pop();
        continue;
      }
      const here = [...done, part].join("/");
      const follow = pending.length > 0 || options.followLast === true;
      const entry = follow ? this.lstat(here) : undefined;
      if (entry?.stat.isSymbolicLink()) {
        if (++links > LINK_LIMIT) throw fault("SYMLINK_LOOP", { path });
        const target = readlinkSync(entry.hostPath);
        if (target.startsWith("/")) done.length = 0;
        pending.push(...split(target).reverse());
        continue;
      }
      done.push(part);
    }
    const resolved = done.join("/");
    return { path: resolved, entry: this.lstat(resolved) };
  }

  #rootEntry(): UnionEntry | undefined {
    const top = this.#layers[0];
    return top === undefined ? undefined : { path: "", hostPath: top, stat: lstatSync(top) };
  }

  #find(folders: readonly string[], name: string, path: string): UnionEntry | undefined {
    for (const folder of folders) {
      const hostPath = `${folder}/${name}`;
      const stat = lstatSync(hostPath, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      return isWhiteout(stat) ? undefined : { path, hostPath, stat };
    }
    return undefined;
  }
}

/** The host folders that make up the subdirectory of that name, from those of the directory; top first. */
export function subfolders(folders: readonly string[], name: string): string[] {
  const result: string[] = [];
  for (const folder of folders) {
    const hostPath = `${folder}/${name}`;
    const stat = lstatSync(hostPath, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isDirectory()) break;
    result.push(hostPath);
    if (folder !== folders.at(-1) && isOpaque(hostPath)) break;
  }
  return result;
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
