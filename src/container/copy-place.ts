import { fault } from "../std/fault.ts";

/** What is copied, as far as its place depends on it. */
export interface Copied {
  /** One component. */
  readonly name: string;
  readonly directory: boolean;
  /** Whether what is in the directory is meant, and not the directory: it was written with `/.` at its end. */
  readonly contents: boolean;
}

/** What is at a path, symlinks followed: its kind, and where it really is. */
export type LookUp = (path: string) => { readonly directory: boolean; readonly path: string } | undefined;

/**
 * Where a copy goes by the rules of `docker cp`: a file gets the name of the destination, or lands in it if that is a directory; a
 * directory becomes the destination, or lands in it if it exists, and of one that is written with `/.` the contents do.
 * @param written the destination as somebody wrote it, for messages
 * @param path the same, absolute
 * @returns a directory that exists, and the name in it; none where the contents go into it
 * @throws FILE_PROBLEM
 */
export function copyPlace({ name, directory, contents }: Copied, { written, path, lookUp }: { readonly written: string; readonly path: string; readonly lookUp: LookUp }): { folder: string; name: string } {
  const problem = (what: string): Error => fault("FILE_PROBLEM", { path: written, problem: what });
  const there = lookUp(path);
  if (there?.directory) return { folder: there.path, name: contents ? "" : name };
  if (there !== undefined) {
    if (directory) throw problem("a directory cannot be copied over a file");
    if (/\/\.?$/.test(written)) throw problem("it is no directory");
    return split(there.path);
  }
  if (!directory && /\/\.?$/.test(written)) throw problem("the destination directory must exist");
  const own = split(path.replace(/(?:\/\.?)+$/, ""));
  const parent = lookUp(own.folder === "" ? "/" : own.folder);
  if (parent?.directory !== true) throw problem(`the directory ${own.folder} does not exist`);
  return { folder: parent.path, name: own.name };
}

function split(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}
