import { chmodSync, lstatSync } from "node:fs";
import { setTimes } from "../linux/times.ts";
import { ownerOf, setOwner } from "../snapshot/ownership.ts";
import { Union } from "../snapshot/union.ts";
import { describe, linkOf, type DiffEntry } from "./diff-layer.ts";
import { explainUnpack } from "./explain-unpack.ts";
import { copyEntry, walkFolder, type CopiedTree, type Merged } from "./flatten.ts";
import { tarPieces } from "./pack-layer.ts";
import { UnpackFolder } from "./unpack-folder.ts";

/** A file or directory of a stack of layers, and what it is to be called. */
export interface Subtree {
  /** Folders in overlayfs' form, top first. */
  readonly layers: readonly string[];
  /** Where it lies below their root, free of symlinks in its parents. */
  readonly source: string;
  /** One component; empty for the contents of a directory. */
  readonly name: string;
}

function* walkSubtree({ layers, source, name }: Subtree): Generator<Merged> {
  const union = new Union(layers);
  const entry = union.lstat(source);
  if (entry === undefined) return;
  const stat = lstatSync(entry.hostPath, { bigint: true });
  if (name !== "") yield { path: name, hostPath: entry.hostPath, stat, linkTo: undefined };
  if (stat.isDirectory()) yield* walkFolder(name, union.folders(source).map((hostPath, layer) => ({ hostPath, layer })), new Map());
}

function* entriesOf(subtree: Subtree): Generator<DiffEntry> {
  for (const { path, hostPath, stat, linkTo } of walkSubtree(subtree)) yield linkTo === undefined ? describe(path, hostPath, stat) : linkOf(path, hostPath, stat, linkTo);
}

/** Its bytes as a tar archive, of files that others may be writing to; a piece is valid until the next one is asked for. @throws FILE_CHANGED */
export function streamSubtree(subtree: Subtree): Generator<Buffer> {
  return tarPieces(entriesOf(subtree), { growing: true });
}

/**
 * Copies it into a folder of the host; a worker job. Everything belongs to the caller, or with `owners` to whom it belongs in the
 * layers; modes and times are kept. What has its name already is replaced, and no symlink is followed.
 * @throws DISK_FULL, READ_ONLY, OWNER_REFUSED
 */
export function copySubtree({ target, owners, ...subtree }: Subtree & { readonly target: string; readonly owners: boolean }): CopiedTree {
  const folder = new UnpackFolder(target, [], { archive: "image", layerRoot: false, followLower: false });
  const result: CopiedTree = { entries: 0, bytes: 0, skipped: [] };
  const directories: Merged[] = [];
  for (const found of walkSubtree(subtree)) {
    try {
      if (found.stat.isDirectory()) {
        folder.makeDirectory(found.path);
        directories.push(found);
      } else {
        copyEntry(folder, found, result);
        if (owners && found.linkTo === undefined && !result.skipped.includes(found.path)) give(folder.hostPath(found.path), found);
      }
    } catch (error) {
      throw explainUnpack(error, "image", found.path, target);
    }
    result.entries += 1;
  }
  for (const found of directories.reverse()) {
    const hostPath = folder.hostPath(found.path);
    if (owners) give(hostPath, found);
    chmodSync(hostPath, Number(found.stat.mode) & 0o7777);
    setTimes(hostPath, found.stat.mtimeNs, found.stat.mtimeNs);
  }
  return result;
}

function give(target: string, { hostPath, stat }: Merged): void {
  const { uid, gid } = ownerOf(hostPath, stat);
  setOwner(target, uid, gid, { record: false });
  // A change of the owner takes set-uid and set-gid away.
  if (!stat.isSymbolicLink()) chmodSync(target, Number(stat.mode) & 0o7777);
}
