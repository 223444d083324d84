import { createHash, hash, type Hash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { fileKey, layerFileKey, type FileDigestCache, type FileKey } from "../context/file-digests.ts";
import { deviceMajor, deviceMinor } from "../linux/mknod.ts";
import { getXattr } from "../linux/xattr.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { fault, isFault } from "../std/fault.ts";
import { entryType, type EntryType } from "./entry-type.ts";
import { readContent, statAgain } from "./read-content.ts";
import { readLink } from "./read-link.ts";
import { selectSources, type Selection, type SelectOptions } from "./select-sources.ts";
import { sourceState } from "./source-state.ts";
import { SourceView, TooMuch, type SourceEntry, type SourceTree } from "./source-view.ts";
import { takenEntries, type TakenEntry } from "./tree-filter.ts";

export interface DigestSourcesOptions extends SelectOptions {
  readonly tree: SourceTree;
  /** Paths as COPY and ADD name them, variables expanded. */
  readonly sources: readonly string[];
  /** Digests of files by {@link FileKey}: a Map, which can be sent to a worker, or the store's cache itself. */
  readonly known?: Pick<FileDigestCache, "get">;
  /** A directory that is named counts with its mode and owner: it is mounted, not copied. */
  readonly mounted?: boolean | undefined;
}

/** What of one entry went into the digest; its mtime never does. */
export interface DigestRow {
  /** Below the root of the tree. */
  readonly path: string;
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of a file's content, a symlink's target, a device's numbers. */
  readonly digest: Digest;
  /** `security.capability`, hexadecimal. */
  readonly capability?: string;
}

export interface SourcesDigest {
  readonly digest: Digest;
  readonly entries: DigestRow[];
  /** Digests to remember for the next time. */
  readonly learned: (readonly [FileKey, Digest])[];
  /** Regular files among the entries, and the sum of their sizes. */
  readonly files: number;
  readonly bytes: number;
  /** Those that had to be read now. */
  readonly readFiles: number;
  readonly readBytes: number;
  /** The latest ctime of all entries, in nanoseconds: what has a later one changed since. */
  readonly newest: bigint;
  /** What to remember of many entries as a whole. */
  readonly seen?: SeenSources;
}

/** What was found of the same sources before, and the state that they were in. */
export interface SeenSources {
  readonly state: Digest;
  readonly digest: Digest;
  /** Of entries. */
  readonly count: number;
  readonly files: number;
  readonly bytes: number;
}

/** Fewer are looked at sooner than a record of them as a whole is found. */
const MANY = 500;
/** A file that was written less than this before it was read may change again and keep its ctime. */
const SETTLED_MS = 100;
const EMPTY = sha256("");

/**
 * The content key of what COPY or ADD reads: path below the source, type, mode, owner, link target,
 * `security.capability` and data of each selected entry (builder.md § 2). Times, and the name and
 * attributes of a directory that is named itself, do not count, as the copy does not use them.
 * Reads only selected files, and of those only the ones that `known` does not have. A worker job.
 * @throws COPY_SOURCE_NOT_FOUND, CONTEXT_UNREADABLE, FILE_CHANGED, FILE_NAME_INVALID
 */
export function digestSources(options: DigestSourcesOptions): SourcesDigest {
  return digestBy(new DigestRun(new SourceView(options.tree), options.known), options);
}

/** The work that {@link digestFew} does at most. */
export interface FewSources {
  /** Names in directories, those that are not selected as well. */
  readonly entries: number;
  /** Bytes that are read. */
  readonly bytes: number;
  /** After that time no further file is read: it may come over a slow network. */
  readonly milliseconds: number;
}

/**
 * The same as {@link digestSources} for sources that are soon read; `result` is undefined where they turn out to be more. What was
 * learned until then is told all the same.
 */
export function digestFew(options: DigestSourcesOptions, most: FewSources): Pick<SourcesDigest, "learned"> & { readonly result: SourcesDigest | undefined } {
  const run = new DigestRun(new SourceView(options.tree, most.entries), options.known, most);
  try {
    const result = digestBy(run, options);
    return { result, learned: result.learned };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return { result: undefined, learned: run.learned };
  }
}

function digestBy(run: DigestRun, options: DigestSourcesOptions): SourcesDigest {
  const began = BigInt(Date.now() - SETTLED_MS) * 1_000_000n;
  options.sources.forEach((source, index) => {
    for (const selection of selectSources(run.view, source, options)) run.top(index, selection, options.mounted ?? false);
  });
  const result = run.finish();
  if (result.entries.length < MANY || !isWhole(options)) return result;
  // Nothing that is there has changed since before the first was read, and nothing has been taken away: it is the state that was read.
  const state = sourceState(options.tree, options.sources);
  if (state === undefined || state.newest >= began) return result;
  const { digest, entries, files, bytes } = result;
  return { ...result, seen: { state: state.digest, digest, count: entries.length, files, bytes } };
}

/**
 * The same as {@link digestSources} where nothing has changed since that was remembered, in a fraction of the time; undefined where
 * something may have. What the entries are is found out when it is asked for.
 * @throws FILE_CHANGED when the entries are asked for and are others by then
 */
export function unchangedSources(options: DigestSourcesOptions, seen: SeenSources): (Omit<SourcesDigest, "learned"> & { readonly count: number }) | undefined {
  const state = isWhole(options) ? sourceState(options.tree, options.sources) : undefined;
  if (state?.digest !== seen.state) return undefined;
  const { digest, count, files, bytes } = seen;
  let entries: DigestRow[] | undefined;
  const readEntries = (): DigestRow[] => {
    const now = digestSources(options);
    if (now.digest !== digest) throw fault("FILE_CHANGED", { path: options.tree.layers[0]! });
    return now.entries;
  };
  return { digest, count, files, bytes, newest: state.newest, readFiles: 0, readBytes: 0, get entries() { return (entries ??= readEntries()); } };
}

/** Whether folders are taken with all that is in them, but for what .dockerignore hides. */
function isWhole({ parents = false, exclude = [] }: DigestSourcesOptions): boolean {
  return !parents && exclude.length === 0;
}

class DigestRun {
  readonly view: SourceView;
  readonly #known: Pick<FileDigestCache, "get"> | undefined;
  readonly #running: Hash = createHash("sha256");
  readonly #entries: DigestRow[] = [];
  readonly learned: (readonly [FileKey, Digest])[] = [];
  readonly #most: Pick<FewSources, "bytes" | "milliseconds"> | undefined;
  readonly #now = Date.now();
  #files = 0;
  #bytes = 0;
  #readFiles = 0;
  #readBytes = 0;
  #newest = 0n;

  /** @param most what is read at most; a file that would be more throws {@link TooMuch} */
  constructor(view: SourceView, known: Pick<FileDigestCache, "get"> | undefined, most?: Pick<FewSources, "bytes" | "milliseconds">) {
    this.view = view;
    this.#known = known;
    this.#most = most;
  }

  top(source: number, { name, entry, filter }: Selection, mounted: boolean): void {
    this.#running.update(`source\0${source}\0`);
    if (mounted && entry.stat.isDirectory()) this.#add(entry, "");
    if (entry.stat.isDirectory()) this.#below(takenEntries(this.view, entry, filter));
    else this.#add(entry, name);
  }

  finish(): SourcesDigest {
    return {
      digest: `sha256:${this.#running.digest("hex")}`,
      entries: this.#entries,
      learned: this.learned,
      files: this.#files,
      bytes: this.#bytes,
      readFiles: this.#readFiles,
      readBytes: this.#readBytes,
      newest: this.#newest,
    };
  }

  #below(taken: readonly TakenEntry[]): void {
    for (const { entry, path, below } of taken) {
      this.#add(entry, path);
      this.#below(below());
    }
  }

  #add(entry: SourceEntry, name: string): void {
    if (entry.stat.ctimeNs > this.#newest) this.#newest = entry.stat.ctimeNs;
    const type = entryType(entry.stat);
    const { uid, gid } = this.view.owner(entry);
    const mode = type === "symlink" ? 0o777 : Number(entry.stat.mode & 0o7777n);
    const content = this.#content(entry, type);
    const capability = type === "file" ? this.#capability(entry) : undefined;
    const row: DigestRow = { path: entry.path, type, mode, uid, gid, digest: content, ...(capability === undefined ? {} : { capability }) };
    this.#entries.push(row);
    this.#running.update(`${type}\0${name}\0${mode.toString(8)}\0${uid}\0${gid}\0${capability ?? ""}\0${content}\0`);
  }

  #content(entry: SourceEntry, type: EntryType): Digest {
    if (type === "file") return entry.stat.isSocket() ? EMPTY : this.#file(entry);
    if (type === "symlink") return sha256(readLink(entry.hostPath));
    if (type === "character" || type === "block") return sha256(`${deviceMajor(entry.stat.rdev)}:${deviceMinor(entry.stat.rdev)}`);
    return EMPTY;
  }

  #capability(entry: SourceEntry): string | undefined {
    if (this.view.tree.zeroOwner) return undefined;
    return getXattr(entry.hostPath, "security.capability")?.toString("hex");
  }

  #file(entry: SourceEntry): Digest {
    this.#files += 1;
    this.#bytes += Number(entry.stat.size);
    const key = this.#key(entry.stat);
    const known = this.#known?.get(key);
    if (known !== undefined) return known;
    if (this.#most && (this.#readBytes + Number(entry.stat.size) > this.#most.bytes || Date.now() - this.#now > this.#most.milliseconds)) throw new TooMuch();
    let stat = entry.stat;
    let digest: Digest;
    try {
      digest = hashFile(entry.hostPath, stat);
    } catch (error) {
      if (!isFault(error, "FILE_CHANGED")) throw error;
      stat = statAgain(entry.hostPath);
      if (stat.ctimeNs > this.#newest) this.#newest = stat.ctimeNs;
      digest = hashFile(entry.hostPath, stat);
    }
    this.#readFiles += 1;
    this.#readBytes += Number(stat.size);
    if (!this.view.tree.zeroOwner || Number(stat.ctimeMs) < this.#now - SETTLED_MS) this.learned.push([this.#key(stat), digest]);
    return digest;
  }

  #key(stat: BigIntStats): FileKey {
    return this.view.tree.zeroOwner ? fileKey(stat) : layerFileKey(stat);
  }
}

function hashFile(path: string, stat: BigIntStats): Digest {
  if (stat.size === 0n) return EMPTY;
  if (stat.size <= 1024n * 1024n) {
    let result: Digest = EMPTY;
    readContent(path, stat, (piece) => { result = `sha256:${hash("sha256", piece, "hex")}`; });
    return result;
  }
  const running = createHash("sha256");
  readContent(path, stat, (piece) => void running.update(piece));
  return `sha256:${running.digest("hex")}`;
}
