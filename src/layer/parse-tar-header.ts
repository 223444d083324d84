import { isUtf8 } from "node:buffer";
import type { EntryType, LayerEntry } from "./entry.ts";
import { parsePaxTime } from "./pax-record.ts";
import { BLOCK, field, headerChecksum, type Field } from "./tar-header.ts";

/** What headers before an entry's own say about it. */
export interface Description {
  /** The records of the PAX header. */
  pax?: Map<string, Buffer>;
  /** GNU's long name and link target. */
  longName?: Buffer;
  longLink?: Buffer;
}

/** PATH_MAX of Linux: no tool can have packed a longer path from a disk. */
const PATH_LIMIT = 4096;

/** Ends the work with what is wrong with an entry. */
export type Invalid = (problem: string, entry?: string) => never;

/**
 * The entry that a header block, and the headers before it, describe.
 * @param anyName whether a name may lead out of the root; the path ends there then
 */
export function parseTarHeader(block: Buffer, about: Description, invalid: Invalid, anyName = false): LayerEntry {
  const { pax } = about;
  const magic = block.toString("latin1", field.magic[0], field.magic[0] + 6);
  const posix = magic === "ustar\0";
  const name = about.longName ?? notEmpty(pax?.get("path")) ?? shortName(block, posix);
  const text = decode(name, invalid);
  const number = (where: Field, key?: string): number => {
    const record = key === undefined ? undefined : notEmpty(pax?.get(key));
    if (record === undefined) return parseNumber(block, where) ?? invalid("a number in its header is malformed", text);
    const digits = record.toString("latin1");
    return /^-?[0-9]{1,15}$/.test(digits) ? Number(digits) : invalid(`its PAX record ${key} is no number`, text);
  };
  if (name.length > PATH_LIMIT) invalid(`its name is longer than ${PATH_LIMIT} bytes`, text);
  if (!anyName && leadsOut(text)) invalid("its name leads out of the folder that the archive is for", text);
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

/** Whether a name has more `..` than folders to leave, as only archives have that are made to do harm. */
function leadsOut(path: string): boolean {
  if (PLAIN.test(path)) return false;
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return false;
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
export function parseNumber(block: Buffer, where: Field): number | undefined {
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

/** Whether a block has the checksum that it says; some old writers summed signed bytes. */
export function hasValidChecksum(block: Buffer): boolean {
  const stated = parseOctal(block, field.checksum);
  const sum = headerChecksum(block);
  if (stated === sum) return true;
  let high = 0;
  for (let at = 0; at < BLOCK; at += 1) if (block[at]! >= 0x80 && (at < 148 || at >= 156)) high += 1;
  return stated === sum - 256 * high;
}

function slice(block: Buffer, [start, length]: Field): Buffer {
  return block.subarray(start, start + length);
}

/** A text field up to its NUL, if it has one. */
export function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function notEmpty(value: Buffer | undefined): Buffer | undefined {
  return value === undefined || value.length === 0 ? undefined : value;
}
