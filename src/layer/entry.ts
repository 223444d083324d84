/** What a tar entry can be; every other kind is refused or skipped where archives are read. */
export type EntryType = "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";

/** One entry of a layer: the columns of a tar header that image layers use (image-spec, layer.md § File attributes). */
export interface LayerEntry {
  /** Path below the root without leading or trailing slash, `usr/bin/env`; empty for the root itself. */
  readonly path: string;
  readonly type: EntryType;
  /** 0–07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow in the archive; 0 for everything but files. */
  readonly size: number;
  readonly mtime: { readonly seconds: number; readonly nanoseconds: number };
  /** Of a symlink as stored; of a hard link a path like {@link path}. */
  readonly linkTarget?: string;
  readonly major?: number;
  readonly minor?: number;
  /** The xattr `security.capability`. */
  readonly capability?: Uint8Array;
  /** Every other xattr, by its full name. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}
