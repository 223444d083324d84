import { isUtf8 } from "node:buffer";
import { fault } from "../std/fault.ts";
import type { EntryType, LayerEntry } from "./entry.ts";
import { parsePaxRecords, parsePaxTime } from "./pax-record.ts";
import { BLOCK, field, flag, headerChecksum, paddingOf, type Field } from "./tar-header.ts";

/** Gets what {@link createTarReader} finds, in the order of the archive. */
export interface TarSink {
  /** The next entry; its content follows in {@link data} calls, `entry.size` bytes in all. */
  entry(entry: LayerEntry): void;
  /** A piece of content. It is a view of the bytes that were fed and valid only during the call. */
  data(chunk: Buffer): void;
  /** The content of the entry is complete. */
  end(): void;
}

export interface TarReader {
  /** Feeds the next bytes of the archive. @throws ARCHIVE_INVALID, and whatever the sink throws */
  write(chunk: Buffer): void;
  /** The archive has no more bytes. @throws ARCHIVE_INVALID if it stops within an entry */
  finish(): void;
  /** Whether the end mark has been read. */
  ended(): boolean;
}

/** A PAX header or long name is kept in memory, so it may not be larger; Go's reader has the same limit. */
const SPECIAL_LIMIT = 1024 * 1024;
/** PATH_MAX of Linux: no tool can have packed a longer path from a disk. */
const PATH_LIMIT = 4096;
/** Headers that describe an entry, in a row; honest archives have at most four (g, x, L, K). */
const DESCRIPTION_LIMIT = 64;

interface Description {
  pax: Map<string, Buffer> | undefined;
  longName: Buffer | undefined;
  longLink: Buffer | undefined;
  count: number;
}

/**
 * A push parser for ustar, PAX, GNU and V7 archives. It reads what Go's archive/tar reads, since that is what
 * Docker's tools accept: base-256 numbers, GNU long names and links, `SCHILY.xattr.*`; global PAX headers are
 * passed over as containerd does; sparse files and other kinds are refused. Bytes behind the end mark are ignored.
 *
 * Paths come out without `.`, `..` and doubled slashes, clamped at the root; names must be UTF-8.
 * @param archive what messages call it, `layer sha256:…`
 */
export function createTarReader(archive: string, sink: TarSink): TarReader {
  const invalid = (problem: string, entry?: string): never => {
    throw fault("ARCHIVE_INVALID", { archive, problem, ...(entry === undefined ? {} : { entry: entry.slice(0, 200) }) });
  };
  /** An incomplete header block or special content that waits for its rest. */
  let pending = Buffer.alloc(0);
  let need = BLOCK;
  let state: "header" | "special" | "content" | "padding" | "ended" = "header";
  let special = 0;
  let contentLeft = 0;
  let paddingLeft = 0;
  let zeroBlock = false;
  let current = "";
  let about: Description = { pax: undefined, longName: undefined, longLink: undefined, count: 0 };

  const handleHeader = (block: Buffer): void => {
    if (isZero(block)) {
      if (zeroBlock) state = "ended";
      zeroBlock = true;
      return;
    }
    if (zeroBlock) invalid("a header follows a block of zeros");
    const checksum = parseOctal(block, field.checksum);
    if (checksum !== headerChecksum(block) && checksum !== signedChecksum(block)) invalid("a header has a wrong checksum; this is no tar archive, or it is damaged", current);
    const type = block[field.type[0]]!;
    if (type === flag.pax || type === flag.paxGlobal || type === flag.longName || type === flag.longLink) {
      const size = parseNumber(block, field.size);
      if (size === undefined || size < 0 || size > SPECIAL_LIMIT) return invalid(`a header of ${size ?? "unreadable"} bytes is larger than ${SPECIAL_LIMIT}`, current);
      about.count += 1;
      if (about.count > DESCRIPTION_LIMIT) invalid(`more than ${DESCRIPTION_LIMIT} headers describe one entry`, current);
      special = type;
      need = size;
      paddingLeft = paddingOf(size);
      state = "special";
      return;
    }
    const entry = readEntry(block, about, invalid);
    about = { pax: undefined, longName: undefined, longLink: undefined, count: 0 };
    current = entry.path;
    sink.entry(entry);
    contentLeft = entry.size;
    paddingLeft = paddingOf(entry.size);
    if (contentLeft > 0) state = "content";
    else sink.end();
  };

  const handleSpecial = (content: Buffer): void => {
    if (special === flag.pax) about.pax = parsePaxRecords(content) ?? invalid("a PAX header is malformed", current);
    else if (special === flag.paxGlobal) void (parsePaxRecords(content) ?? invalid("a global PAX header is malformed", current));
    else if (special === flag.longName) about.longName = untilZero(content);
    else about.longLink = untilZero(content);
    state = paddingLeft > 0 ? "padding" : "header";
    need = BLOCK;
  };

  const write = (chunk: Buffer): void => {
    let at = 0;
    for (;;) {
      if (state === "header" || state === "special") {
        const have = pending.length + chunk.length - at;
        if (have < need) {
          // The rest is copied, since the chunk's memory belongs to the caller.
          if (at < chunk.length) pending = Buffer.concat([pending, chunk.subarray(at)]);
          return;
        }
        let block: Buffer;
        if (pending.length > 0) {
          const more = need - pending.length;
          block = Buffer.concat([pending, chunk.subarray(at, at + more)]);
          pending = Buffer.alloc(0);
          at += more;
        } else {
          block = chunk.subarray(at, at + need);
          at += need;
        }
        if (state === "header") handleHeader(block);
        else handleSpecial(state === "special" && block.buffer === chunk.buffer ? Buffer.from(block) : block);
      } else if (state === "content") {
        if (at === chunk.length) return;
        const end = Math.min(chunk.length, at + contentLeft);
        sink.data(chunk.subarray(at, end));
        contentLeft -= end - at;
        at = end;
        if (contentLeft > 0) return;
        sink.end();
        state = paddingLeft > 0 ? "padding" : "header";
      } else if (state === "padding") {
        const skipped = Math.min(paddingLeft, chunk.length - at);
        paddingLeft -= skipped;
        at += skipped;
        if (paddingLeft > 0) return;
        state = "header";
      } else {
        return;
      }
    }
  };

  const finish = (): void => {
    if (state === "ended") return;
    if (state === "content" || state === "special" || about.count > 0) invalid("it ends in the middle", current);
    if (state === "header" && pending.length > 0) invalid("it ends in the middle of a header", current);
  };

  return { write, finish, ended: () => state === "ended" };
}

type Invalid = (problem: string, entry?: string) => never;

function readEntry(block: Buffer, about: Description, invalid: Invalid): LayerEntry {
  const { pax } = about;
  const magic = block.toString("latin1", field.magic[0], field.magic[0] + 6);
  const posix = magic === "ustar\0";
  let name: Buffer = about.longName ?? notEmpty(pax?.get("path")) ?? shortName(block, posix);
  const text = decode(name, invalid);
  const number = (where: Field, key?: string): number => {
    const record = key === undefined ? undefined : notEmpty(pax?.get(key));
    if (record === undefined) return parseNumber(block, where) ?? invalid("a number in its header is malformed", text);
    const digits = record.toString("latin1");
    return /^-?[0-9]{1,15}$/.test(digits) ? Number(digits) : invalid(`its PAX record ${key} is no number`, text);
  };
  if (name.length > PATH_LIMIT) invalid(`its name is longer than ${PATH_LIMIT} bytes`, text);
  const type = entryType(block[field.type[0]]!, text) ?? invalid(`unhandled tar header type ${block[field.type[0]]!}`, text);
  if (pax !== undefined && isSparse(pax)) invalid("sparse files are not supported", text);
  const size = number(field.size, "size");
  if (size < 0) invalid("its size is negative", text);
  const record = notEmpty(pax?.get("mtime"));
  const mtime = record === undefined
    ? { seconds: number(field.mtime), nanoseconds: 0 }
    : parsePaxTime(record.toString("latin1")) ?? invalid("its PAX record mtime is no time", text);
  const [uid, gid] = [number(field.uid, "uid"), number(field.gid, "gid")];
  if (uid < 0 || gid < 0 || uid > 0xfffffffe || gid > 0xfffffffe) invalid(`its owner ${uid}:${gid} is out of range`, text);
  const entry: Mutable<LayerEntry> = {
    path: cleanPath(text), type, mode: number(field.mode) & 0o7777, uid, gid, size: type === "file" ? size : 0, mtime,
  };
  if (type === "symlink" || type === "hardlink") {
    const target = about.longLink ?? notEmpty(pax?.get("linkpath")) ?? untilZero(slice(block, field.linkName));
    if (target.length > PATH_LIMIT) invalid(`its link target is longer than ${PATH_LIMIT} bytes`, text);
    if (target.includes(0)) invalid("its link target holds a NUL byte", text);
    entry.linkTarget = type === "symlink" ? decode(target, invalid) : cleanPath(decode(target, invalid));
  }
  if (type === "character" || type === "block") {
    [entry.major, entry.minor] = [number(field.major), number(field.minor)];
    if (entry.major < 0 || entry.minor < 0 || entry.major > 0xffffffff || entry.minor > 0xffffffff) invalid(`its device number ${entry.major}:${entry.minor} is out of range`, text);
  }
  if (pax !== undefined) readXattrs(pax, entry);
  return entry;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readXattrs(pax: Map<string, Buffer>, entry: Mutable<LayerEntry>): void {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of pax) {
    if (!key.startsWith("SCHILY.xattr.") || value.length === 0) continue;
    const name = key.slice("SCHILY.xattr.".length);
    if (name === "security.capability") entry.capability = value;
    else (xattrs ??= new Map()).set(name, value);
  }
  if (xattrs !== undefined) entry.xattrs = xattrs;
}

function isSparse(pax: Map<string, Buffer>): boolean {
  return pax.has("GNU.sparse.map") || pax.has("GNU.sparse.major") || pax.has("GNU.sparse.offset");
}

/** Without `.`, `..`, empty components and slashes at the ends; `..` stops at the root. */
export function cleanPath(path: string): string {
  if (PLAIN.test(path)) return path.endsWith("/") ? path.slice(0, -1) : path;
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Components that are neither empty nor begin with a dot. */
const PLAIN = /^(?:[^./][^/]*\/)*[^./][^/]*\/?$/;

function entryType(type: number, name: string): EntryType | undefined {
  switch (type) {
    case 0: return name.endsWith("/") ? "directory" : "file";
    case 0x30: case 0x37: return "file";
    case 0x31: return "hardlink";
    case 0x32: return "symlink";
    case 0x33: return "character";
    case 0x34: return "block";
    case 0x35: return "directory";
    case 0x36: return "fifo";
    default: return undefined;
  }
}

function shortName(block: Buffer, posix: boolean): Buffer {
  const name = untilZero(slice(block, field.name));
  if (!posix || block[field.prefix[0]] === 0) return name;
  return Buffer.concat([untilZero(slice(block, field.prefix)), Buffer.from("/"), name]);
}

function decode(bytes: Buffer, invalid: Invalid): string {
  const text = bytes.toString("utf8");
  if (!isUtf8(bytes)) invalid("its name is not valid UTF-8", text);
  return text;
}

/** An octal number, or a two's-complement one in base 256 when the first bit is set; undefined if malformed. */
function parseNumber(block: Buffer, where: Field): number | undefined {
  const [start, length] = where;
  const first = block[start]!;
  if ((first & 0x80) === 0) return parseOctal(block, where);
  const negative = (first & 0x40) !== 0;
  let value = 0n;
  for (let at = start; at < start + length; at += 1) {
    let byte = block[at]!;
    if (negative) byte ^= 0xff;
    if (at === start) byte &= 0x7f;
    value = (value << 8n) | BigInt(byte);
  }
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return negative ? -Number(value) - 1 : Number(value);
}

/** Digits with spaces and NULs around them; nothing at all is 0. */
function parseOctal(block: Buffer, [start, length]: Field): number | undefined {
  let at = start;
  let end = start + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at += 1;
  while (end > at && (block[end - 1] === 0x20 || block[end - 1] === 0)) end -= 1;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = block[at]! - 0x30;
    if (block[at] === 0) return value;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}

/** Some old writers summed signed bytes. */
function signedChecksum(block: Buffer): number {
  let high = 0;
  for (let at = 0; at < BLOCK; at += 1) if (block[at]! >= 0x80 && (at < 148 || at >= 156)) high += 1;
  return headerChecksum(block) - 256 * high;
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.equals(ZERO);
}

const ZERO = Buffer.alloc(BLOCK);

function slice(block: Buffer, [start, length]: Field): Buffer {
  return block.subarray(start, start + length);
}

function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function notEmpty(value: Buffer | undefined): Buffer | undefined {
  return value === undefined || value.length === 0 ? undefined : value;
}
