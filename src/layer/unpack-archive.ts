import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { Union } from "../snapshot/union.ts";
import { fault } from "../std/fault.ts";
import { DEFAULT_LIMIT } from "./apply-layer.ts";
import { decompress, readPieces, type Compression } from "./decompress.ts";
import { createTarReader } from "./read-tar.ts";
import { createUnpacker } from "./unpack-entries.ts";
import { UnpackFolder } from "./unpack-folder.ts";

export interface UnpackArchiveOptions {
  /** The archive's file on the host. */
  readonly archive: string;
  /** A directory below the root, free of symlinks, that exists in `upper`; empty for the root. */
  readonly destination: string;
  /** The layer folder to write to. */
  readonly upper: string;
  /** Folders of the layers below, top first. */
  readonly lowers: readonly string[];
  /** The owner of everything, for `ADD --chown`; the entries' own if not given. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly recordOwners: boolean;
  /** Bytes that the tar archive may have; {@link DEFAULT_LIMIT} if not given. */
  readonly maxBytes?: number;
}

/**
 * Unpacks an archive as ADD does (dockerfile.md §§ 6.1, 16): like `tar -x` in the destination as if it were the root.
 * Existing directories are kept and get the attributes of their entries, everything else is replaced; missing parents
 * are made 0755; `.wh.x` hides `x` of the layers below; the archive's own root entry is not applied.
 * @throws ARCHIVE_INVALID, ARCHIVE_DAMAGED, ARCHIVE_TOO_LARGE, OWNER_REFUSED, DISK_FULL, SYMLINK_LOOP
 */
export async function unpackArchive(options: UnpackArchiveOptions): Promise<{ entries: number; bytes: number }> {
  const archive = `archive ${basename(options.archive)}`;
  const compression = compressionOf(options.archive);
  const limit = options.maxBytes ?? DEFAULT_LIMIT;
  const [root, ...lowers] = new Union([options.upper, ...options.lowers]).folders(options.destination);
  const folder = new UnpackFolder(root!, lowers, { archive, layerRoot: root === options.upper, followLower: true });
  const unpacker = createUnpacker(folder, { archive, recordOwners: options.recordOwners, ...(options.owner ? { owner: options.owner } : {}) });
  const reader = createTarReader(archive, unpacker);
  let total = 0;
  await decompress(readPieces(options.archive), compression, archive, (chunk) => {
    total += chunk.length;
    if (total > limit) throw fault("ARCHIVE_TOO_LARGE", { archive, limit });
    reader.write(chunk);
  });
  reader.finish();
  const { entries, bytes } = unpacker.finish();
  return { entries, bytes };
}

/**
 * Whether a regular file is an archive that ADD unpacks, by its content: a tar archive, plain or packed with gzip,
 * bzip2, xz or zstd, whose first header can be read.
 */
export async function isArchive(hostPath: string): Promise<boolean> {
  const compression = compressionOf(hostPath);
  const enough = new Error("enough is known");
  let found = false;
  const reader = createTarReader("", {
    entry() {
      found = true;
      throw enough;
    },
    data() {},
    end() {},
  }, { anyName: true });
  try {
    await decompress(readPieces(hostPath), compression, "", (chunk) => {
      reader.write(chunk);
      if (reader.ended()) throw enough;
    }, 4096);
  } catch {
    // What cannot be read as an archive is a file like any other.
  }
  return found;
}

/** How a file is packed. */
export function compressionOf(hostPath: string): Compression {
  return detectCompression(readStart(hostPath, 16));
}

/** By the first bytes, as moby/go-archive does. */
export function detectCompression(start: Buffer): Compression {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, at) => start[at] === byte);
  if (begins(0x1f, 0x8b, 0x08)) return "gzip";
  if (begins(0x42, 0x5a, 0x68)) return "bzip2";
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  const skippable = (start[0]! & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18;
  return skippable ? "zstd" : "none";
}

function readStart(path: string, length: number): Buffer {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(length);
    return start.subarray(0, readSync(file, start, 0, length, 0));
  } finally {
    closeSync(file);
  }
}
