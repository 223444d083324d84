import { Union } from "../snapshot/union.ts";
import { fault } from "../std/fault.ts";
import type { LayerEntry } from "./entry.ts";
import { createTarReader, type TarSink } from "./read-tar.ts";
import { createUnpacker } from "./unpack-entries.ts";
import { UnpackFolder } from "./unpack-folder.ts";

export interface UnpackStreamOptions {
  /** What messages call the archive, and the place that it goes to. */
  readonly archive: string;
  readonly place: string;
  /** Folders in overlayfs' form, top first; the first one is written to. */
  readonly layers: readonly string[];
  /** A directory of theirs, free of symlinks; empty for their root. */
  readonly target: string;
  /** What the archive's uppermost name becomes, empty for what is below it alone; all names stay where not given. */
  readonly name?: string;
  /** Of everything; the entries' own if not given. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly recordOwners: boolean;
}

export interface StreamUnpacker {
  /** Takes the next bytes. @throws FILE_PROBLEM, ARCHIVE_INVALID, OWNER_REFUSED, DISK_FULL, READ_ONLY */
  write(chunk: Buffer): void;
  /** There are no more. @throws ARCHIVE_INVALID where the archive stops within an entry */
  finish(): void;
}

/**
 * Unpacks a tar archive beside what a directory has already, as `docker cp` does: directories are merged, files are replaced, and
 * nothing takes the place of something of the other kind. Everything is synchronous.
 */
export function createStreamUnpacker(options: UnpackStreamOptions): StreamUnpacker {
  const { archive, place, layers, target, name } = options;
  const [top = "", ...lowers] = layers;
  const folder = new UnpackFolder(top, lowers, { archive, layerRoot: true, followLower: true });
  const unpacker = createUnpacker(folder, { archive, recordOwners: options.recordOwners, plainNames: true, ...(options.owner ? { owner: options.owner } : {}) });
  const union = new Union(layers);
  const placed = (path: string): string => join(target, name === undefined ? path : renamed(path, name));
  let passing = false;
  const sink: TarSink = {
    entry(entry) {
      const path = placed(entry.path);
      // The directory that everything goes into is there, and stays as it is.
      passing = path === target && entry.type === "directory";
      if (passing) return;
      refuseOtherKind(union, path, entry, place);
      unpacker.entry({ ...entry, path, ...(entry.type === "hardlink" ? { linkTarget: placed(entry.linkTarget!) } : {}) });
    },
    data: (chunk) => (passing ? undefined : unpacker.data(chunk)),
    end: () => (passing ? undefined : unpacker.end()),
  };
  const reader = createTarReader(archive, sink);
  return {
    write: (chunk) => reader.write(chunk),
    finish() {
      reader.finish();
      unpacker.finish();
    },
  };
}

/** `_/a` under the name `b`: `b/a`; under none: `a`. */
function renamed(path: string, name: string): string {
  const slash = path.indexOf("/");
  return join(name, slash < 0 ? "" : path.slice(slash + 1));
}

function refuseOtherKind(union: Union, path: string, entry: LayerEntry, place: string): void {
  const there = union.lstat(path)?.stat;
  if (there === undefined || there.isDirectory() === (entry.type === "directory")) return;
  const [old, fresh] = there.isDirectory() ? ["directory", "file"] : ["file", "directory"];
  throw fault("FILE_PROBLEM", { path: `${place}/${path}`, problem: `the ${old} that is there is not replaced by a ${fresh}` });
}

function join(parent: string, name: string): string {
  return parent === "" ? name : name === "" ? parent : `${parent}/${name}`;
}
