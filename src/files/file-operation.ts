import { writeFileSync } from "node:fs";
import { isArchive, unpackArchive } from "../layer/unpack-archive.ts";
import { fault } from "../std/fault.ts";
import { applyAttributes } from "./apply-attributes.ts";
import { SourceCopier } from "./copy-sources.ts";
import { Destination } from "./destination.ts";
import { parseChmod } from "./parse-chmod.ts";
import { resolveOwner } from "./resolve-owner.ts";
import { selectSources } from "./select-sources.ts";
import { SourceView, type SourceTree } from "./source-view.ts";
import { writeFault } from "./write-fault.ts";

export type FileOperation = CopyFiles | MakeDirectory;

/** COPY or ADD of files and inline documents. */
export interface CopyFiles {
  readonly kind: "copy";
  readonly sources: readonly {
    /** Index into the trees. */
    readonly tree: number;
    readonly path: string;
    readonly wildcards: boolean;
    /** `auto` for ADD: archives are recognised by their content and unpacked. */
    readonly unpack: "auto" | "never";
  }[];
  readonly inline?: readonly { readonly name: string; readonly content: Uint8Array; readonly mode: number }[];
  /** Absolute; a trailing slash says that it is a directory. */
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly createdBy: "COPY" | "ADD";
}

/** WORKDIR. */
export interface MakeDirectory {
  readonly kind: "mkdir";
  readonly path: string;
  readonly mode: number;
  /** `user[:group]` of USER: every directory that is made belongs to it. */
  readonly owner?: string;
}

export interface FileOperationOptions {
  readonly operation: FileOperation;
  /** Layer folder to write into. */
  readonly upper: string;
  /** Layer folders below it, top first. */
  readonly lowers: readonly string[];
  readonly trees: readonly SourceTree[];
  readonly recordOwners: boolean;
}

export interface FileOperationResult {
  /** Files and directories that were copied. */
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Performs COPY, ADD or WORKDIR on a layer folder in user space, with the semantics of overlayfs and without
 * mounting it. A worker job; when it fails, `upper` holds a part of the result and is to be thrown away.
 * @throws the faults of std/faults/context.ts about COPY, and DISK_FULL, READ_ONLY
 */
export async function performFileOperation(options: FileOperationOptions): Promise<FileOperationResult> {
  const { operation, upper, lowers, recordOwners } = options;
  const path = operation.kind === "copy" ? operation.destination : operation.path;
  if (path.includes("\0")) throw fault("COPY_PATH_INVALID", { path, problem: "it contains a NUL byte" });
  try {
    using destination = new Destination(upper, lowers, recordOwners);
    return operation.kind === "copy" ? await copyFiles(operation, destination, options) : makeDirectory(operation, destination);
  } catch (error) {
    throw writeFault(error, upper);
  }
}

async function copyFiles(operation: CopyFiles, destination: Destination, options: FileOperationOptions): Promise<FileOperationResult> {
  const { upper, lowers, trees, recordOwners } = options;
  const owner = operation.chown === undefined || operation.chown === "" ? undefined : resolveOwner(operation.chown, lowers);
  const mode = operation.chmod === undefined || operation.chmod === "" ? undefined : parseChmod(operation.chmod);
  const copier = new SourceCopier(destination, { owner, mode, recordOwners });
  const views = trees.map((tree) => new SourceView(tree));
  let unpacked = { entries: 0, bytes: 0 };
  for (const source of operation.sources) {
    const view = views[source.tree]!;
    for (const selection of selectSources(view, source.path, { wildcards: source.wildcards, command: operation.createdBy })) {
      const { hostPath, stat } = selection.entry;
      if (source.unpack === "never" || !stat.isFile() || !(await isArchive(hostPath))) {
        copier.copy(view, selection, operation.destination);
        continue;
      }
      const { path } = copier.directory(operation.destination);
      const counts = await unpackArchive({ archive: hostPath, destination: path, upper, lowers: [...lowers], ...(owner ? { owner } : {}), recordOwners });
      destination.forget();
      unpacked = { entries: unpacked.entries + counts.entries, bytes: unpacked.bytes + counts.bytes };
    }
  }
  for (const document of operation.inline ?? []) {
    const place = copier.locate(document.name, operation.destination);
    const to = destination.place(place.directory, place.name);
    writeFileSync(to, document.content, { flag: "wx", mode: 0o600 });
    applyAttributes(to, { owner: owner ?? { uid: 0, gid: 0 }, mode: mode ? mode.apply(document.mode, false) : document.mode }, recordOwners);
    unpacked = { entries: unpacked.entries + 1, bytes: unpacked.bytes + document.content.length };
  }
  return { entries: copier.entries + unpacked.entries, bytes: copier.bytes + unpacked.bytes };
}

function makeDirectory(operation: MakeDirectory, destination: Destination): FileOperationResult {
  const owner = operation.owner === undefined || operation.owner === "" ? undefined : resolveOwner(operation.owner, destination.lowers);
  const found = destination.resolve(operation.path);
  if (found.kind === "directory") return { entries: 0, bytes: 0 };
  destination.directory(found.path, { mode: operation.mode, owner });
  return { entries: 1, bytes: 0 };
}
