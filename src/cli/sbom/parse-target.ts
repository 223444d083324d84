import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseLocation, type Location } from "../../carry/location.ts";
import { fault, isFault } from "../../std/fault.ts";

/** What a word means of which the packages are wanted. */
export type ScanTarget = FolderTarget | PlaceTarget | {
  readonly kind: "image";
  /** In the store. */
  readonly name: string;
  /** Where else it is looked for; nowhere if it was said to be in the store. */
  readonly otherwise?: FolderTarget | PlaceTarget;
};

export interface FolderTarget {
  readonly kind: "folder";
  readonly path: string;
  /** As it was written. */
  readonly name: string;
}

export interface PlaceTarget {
  readonly kind: "place";
  readonly location: Location;
}

/** Words before a colon that name places, here or with other tools. */
const SCHEME = /^(?:docker:\/\/|(?:oci|oci-archive|docker-archive|containers-storage|docker-daemon|ocidir|ostree|sif|tarball|atomic):)/;

/**
 * Reads `dir:PATH`, the places of `copy`, and plain words: a path that begins with `/` or `.` is a folder, everything else an image of the
 * store, or, where there is none, a folder that exists, or an image of a registry. @throws USAGE, NOT_SUPPORTED, FILE_PROBLEM, REFERENCE_INVALID
 */
export function parseScanTarget(word: string, cwd: string): ScanTarget {
  if (word === "") throw fault("USAGE", { problem: "the name of the image or folder is empty" });
  if (word.startsWith("dir:")) return folder(word.slice("dir:".length), cwd);
  if (/^(?:\/|\.{1,2}(?:\/|$))/.test(word)) return folder(word, cwd);
  if (SCHEME.test(word)) return { kind: "place", location: parseLocation(word) };
  if (word.startsWith("store:")) return { kind: "image", name: word.slice("store:".length) };
  if (statSync(resolve(cwd, word), { throwIfNoEntry: false })?.isDirectory() === true) return { kind: "image", name: word, otherwise: folder(word, cwd) };
  try {
    return { kind: "image", name: word, otherwise: { kind: "place", location: parseLocation(word) } };
  } catch (error) {
    // An id, which no registry has a name of.
    if (isFault(error, "REFERENCE_INVALID")) return { kind: "image", name: word };
    throw error;
  }
}

/** A folder is somebody's files, or a layout of images. */
function folder(written: string, cwd: string): FolderTarget | PlaceTarget {
  if (written === "") throw fault("USAGE", { problem: "dir: names no folder", hint: "write dir:PATH" });
  const path = resolve(cwd, written);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw fault("FILE_PROBLEM", { path: written, problem: "there is no such folder" });
  if (!stat.isDirectory()) throw fault("USAGE", { problem: `${written} is no folder`, hint: `an archive of an image is oci-archive:${written} or docker-archive:${written}` });
  return existsSync(join(path, "oci-layout")) ? { kind: "place", location: { kind: "oci", path } } : { kind: "folder", path, name: written };
}
