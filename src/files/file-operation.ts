import { fault } from "../std/fault.ts";
import { copyFiles } from "./copy-files.ts";
import { Destination } from "./destination.ts";
import { makeDirectory } from "./make-directory.ts";
import type { SourceTree } from "./source-view.ts";
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
  readonly inline?: readonly InlineDocument[];
  /** Absolute; a trailing slash says that it is a directory. */
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  /** --parents of COPY. */
  readonly parents?: boolean;
  /** Patterns of --exclude. */
  readonly exclude?: readonly string[];
  /** A directory that is named itself gives its mode and owner, too, as what RUN mounts has to have. */
  readonly mounted?: boolean;
  /** What is made will be written to: no file of it may be one with a layer's. */
  readonly writable?: boolean;
  readonly createdBy: "COPY" | "ADD" | "RUN --mount";
}

/** A heredoc that is a source. */
export interface InlineDocument {
  readonly name: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

/** WORKDIR. */
export interface MakeDirectory {
  readonly kind: "mkdir";
  readonly path: string;
  readonly mode: number;
  /** `user[:group]` of USER: every directory that is made belongs to it. */
  readonly owner?: string;
  /** Seconds since the epoch, for the directory itself if it is made now. */
  readonly time?: number;
}

export interface FileOperationOptions {
  readonly operation: FileOperation;
  /** Layer folder to write into. */
  readonly upper: string;
  /** Layer folders below it, top first. */
  readonly lowers: readonly string[];
  readonly trees: readonly SourceTree[];
  readonly recordOwners: boolean;
  /**
   * What {@link digestSources} gave as the newest ctime: an entry of a context that has changed since is a fault,
   * as its new content would be cached under the key of the old.
   */
  readonly newest?: bigint;
  /** The layer that this instruction made of the same context before, and the paths there whose content is still the same. */
  readonly earlier?: { readonly folder: string; readonly unchanged: ReadonlySet<string> };
}

export interface FileOperationResult {
  /** Files and directories that were copied. */
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Performs COPY, ADD or WORKDIR on a layer folder in user space, with the semantics of overlayfs and without
 * mounting it. A worker job; when it fails, `upper` holds a part of the result and is to be thrown away.
 * @throws the faults of std/faults/context.ts about COPY, and FILE_CHANGED, DISK_FULL, READ_ONLY
 */
export async function performFileOperation(options: FileOperationOptions): Promise<FileOperationResult> {
  const { operation, upper, lowers, recordOwners } = options;
  const path = operation.kind === "copy" ? operation.destination : operation.path;
  if (path.includes("\0")) throw fault("COPY_PATH_INVALID", { path, problem: "it contains a NUL byte" });
  try {
    const destination = new Destination(upper, lowers, recordOwners);
    const result = operation.kind === "copy" ? await copyFiles(operation, destination, options) : makeDirectory(operation, destination);
    destination.settle();
    return result;
  } catch (error) {
    throw writeFault(error, upper, path);
  }
}
