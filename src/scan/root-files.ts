import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, type Dirent, type Stats } from "node:fs";
import type { IgnoreMatcher } from "../dockerfile/ignore.ts";
import { subfolders, Union } from "../snapshot/union.ts";
import { isWhiteout } from "../snapshot/whiteout.ts";
import { sortNames } from "../std/sort-names.ts";

/** A regular file of the file system. */
export interface RootFile {
  /** Path below the root. */
  readonly path: string;
  readonly hostPath: string;
}

/** Why a file could not be read, in words for a list of problems. */
export type OnProblem = (place: string, problem: string) => void;

/** Deeper folders hold no packages: a tree like that was made to be a burden. */
const DEEPEST = 100;

/**
 * The files of a stack of layer folders, as they would be seen merged. Nothing is mounted, no symlink leads out of it, and only regular files are read,
 * up to a limit. What cannot be read is told and passed over. Synchronous.
 */
export class RootFiles {
  readonly #union: Union;
  readonly #layers: readonly string[];
  readonly #onProblem: OnProblem;
  readonly #ignore: IgnoreMatcher | undefined;

  /**
   * @param layers folders in overlayfs' form, **top first**
   * @param ignore what is not to be seen of them
   */
  constructor(layers: readonly string[], onProblem: OnProblem, ignore?: IgnoreMatcher) {
    this.#layers = layers;
    this.#ignore = ignore;
    this.#union = new Union(layers);
    this.#onProblem = onProblem;
  }

  /** The regular file that a path leads to, symlinks followed within the root. */
  find(path: string): RootFile | undefined {
    return this.#told(path, () => {
      const { entry } = this.#union.resolve(path, { followLast: true });
      return entry?.stat.isFile() && !this.#isHidden(entry.path) ? { path: entry.path, hostPath: entry.hostPath } : undefined;
    });
  }

  /** The layer that a file lies in, counted from the lowest one, which is 0. */
  layerOf({ hostPath }: RootFile): number {
    return this.#layers.length - 1 - this.#layers.findIndex((layer) => hostPath.startsWith(`${layer}/`));
  }

  /** The file that layers show at a path, top first: what lies below was there before. Not where a link leads to. */
  *versions(path: string): Generator<RootFile> {
    for (const layer of this.#layers) {
      const file = versionIn(layer, path);
      if (file) yield file;
    }
  }

  /** Names in the directory that a path leads to; none where there is no such directory. */
  names(path: string): readonly string[] {
    return this.#told(path, () => {
      const found = this.#union.resolve(path, { followLast: true });
      return found.entry?.stat.isDirectory() && !this.#isClosed(found.path) ? this.#union.readdir(found.path) : undefined;
    }) ?? [];
  }

  /** The bytes of a file. @returns undefined, with the problem told, where it is longer than the limit or cannot be read */
  read(file: RootFile, limit: number): Buffer | undefined {
    return this.open(file, (descriptor, size) => {
      if (size > limit) {
        this.#onProblem(file.path, `it has ${size} bytes, more than ${limit}`);
        return undefined;
      }
      return readAt(descriptor, 0, size);
    });
  }

  /** The first bytes of a file, whatever it has. */
  head(file: RootFile, length: number): Buffer | undefined {
    return this.open(file, (descriptor, size) => readAt(descriptor, 0, Math.min(size, length)));
  }

  /** Work on an open file. */
  open<Result>(file: RootFile, work: (descriptor: number, size: number) => Result | undefined): Result | undefined {
    return this.#told(file.path, () => {
      // A FIFO would wait for a writer, and a symlink would lead elsewhere: they may have come since the file was found.
      const descriptor = openSync(file.hostPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const stat = fstatSync(descriptor);
        return stat.isFile() ? work(descriptor, stat.size) : undefined;
      } finally {
        closeSync(descriptor);
      }
    });
  }

  stat(file: RootFile): Stats | undefined {
    return this.#told(file.path, () => lstatSync(file.hostPath, { throwIfNoEntry: false }));
  }

  /**
   * All regular files, directory by directory, in the order of their names.
   * @param skip directories to leave out, with what is in them
   */
  *walk(skip: (path: string) => boolean = () => false): Generator<RootFile> {
    const pending: { path: string; folders: readonly string[]; depth: number }[] = [{ path: "", folders: this.#layers, depth: 0 }];
    while (pending.length > 0) {
      const { path, folders, depth } = pending.pop()!;
      const below: typeof pending = [];
      for (const [name, { entry, folder, at }] of this.#entries(path, folders)) {
        const here = path === "" ? name : `${path}/${name}`;
        if (entry.isFile() && !this.#isHidden(here)) yield { path: here, hostPath: `${folder}/${name}` };
        if (!entry.isDirectory() || skip(here) || this.#isClosed(here)) continue;
        if (depth === DEEPEST) this.#onProblem(here, `it is more than ${DEEPEST} directories deep`);
        else below.push({ path: here, folders: this.#told(here, () => subfolders(folders.slice(at), name)) ?? [], depth: depth + 1 });
      }
      pending.push(...below.reverse());
    }
  }

  /** What a directory holds, and in which of its folders each of it lies uppermost. */
  #entries(path: string, folders: readonly string[]): Map<string, { entry: Dirent; folder: string; at: number }> {
    const found = new Map<string, { entry: Dirent; folder: string; at: number }>();
    for (const [at, folder] of folders.entries()) {
      for (const entry of this.#told(path, () => readdirSync(folder, { withFileTypes: true })) ?? []) {
        if (!found.has(entry.name)) found.set(entry.name, { entry, folder, at });
      }
    }
    for (const [name, { entry, folder }] of found) {
      if (entry.isCharacterDevice() && isWhiteoutAt(`${folder}/${name}`)) found.delete(name);
    }
    return new Map(sortNames([...found.keys()]).map((name) => [name, found.get(name)!]));
  }

  #isHidden(path: string): boolean {
    return this.#ignore !== undefined && this.#ignore.matches(path);
  }

  /** Whether nothing in a directory is to be seen. */
  #isClosed(path: string): boolean {
    return this.#isHidden(path) && !this.#ignore!.mayReinclude(path);
  }

  #told<Result>(place: string, work: () => Result | undefined): Result | undefined {
    try {
      return work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT") this.#onProblem(place === "" ? "/" : place, code === "EACCES" || code === "EPERM" ? "it may not be read" : `it cannot be read${code === undefined ? "" : ` (${code})`}`);
      return undefined;
    }
  }
}

/** Nothing where it cannot be read: of what is hidden below, nothing has to be told. */
function versionIn(layer: string, path: string): RootFile | undefined {
  try {
    const { entry } = new Union([layer]).resolve(path, { followLast: false });
    return entry?.path === path && entry.stat.isFile() ? { path, hostPath: entry.hostPath } : undefined;
  } catch {
    return undefined;
  }
}

function isWhiteoutAt(hostPath: string): boolean {
  const stat = lstatSync(hostPath, { throwIfNoEntry: false });
  return stat !== undefined && isWhiteout(stat);
}

/** Up to that many bytes of an open file, from a place on. */
export function readAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
