import type { LayerEntry } from "./entry.ts";
import { formatPaxRecord } from "./pax-record.ts";
import { BLOCK, field, flag, headerChecksum, paddingOf, typeFlags, type Field } from "./tar-header.ts";

/** Two blocks of zeros: the end of an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/**
 * The header of an entry, with a PAX header before it where ustar cannot hold a value; byte for byte what Go's
 * archive/tar writes for BuildKit and containerd (no user and group names, whole seconds; entries from a disk have, of all
 * xattrs, `security.capability` only), so that equal layers have equal DiffIDs.
 */
export function encodeTarHeader(entry: LayerEntry): Buffer {
  const name = entry.type === "directory" ? `${entry.path}/` : entry.path;
  const link = entry.linkTarget ?? "";
  const records: [key: string, value: Uint8Array][] = [];
  let ustar = true;
  const nameBytes = Buffer.byteLength(name);
  let split: [prefix: string, suffix: string] | undefined;
  if (nameBytes > 100 || !isAscii(name)) {
    split = splitName(name);
    if (split === undefined) ustar = false;
    records.push(["path", Buffer.from(name)]);
  }
  if (Buffer.byteLength(link) > 100 || !isAscii(link)) {
    ustar = false;
    records.push(["linkpath", Buffer.from(link)]);
  }
  const number = (key: string, value: number, [, length]: Field): void => {
    if (fitsOctal(value, length)) return;
    ustar = false;
    records.push([key, Buffer.from(String(value))]);
  };
  number("uid", entry.uid, field.uid);
  number("gid", entry.gid, field.gid);
  number("size", entry.size, field.size);
  number("mtime", entry.mtime.seconds, field.mtime);
  if (entry.capability !== undefined) {
    ustar = false;
    records.push(["SCHILY.xattr.security.capability", entry.capability]);
  }
  for (const [xattr, value] of entry.xattrs ?? []) {
    ustar = false;
    records.push([`SCHILY.xattr.${xattr}`, value]);
  }
  if (ustar) return headerBlock(entry, split?.[1] ?? name, split?.[0] ?? "", link);
  const content = Buffer.concat(records.sort(byKey).map(([key, value]) => formatPaxRecord(key, value)));
  return Buffer.concat([
    paxBlock(name, content.length),
    content,
    Buffer.alloc(paddingOf(content.length)),
    headerBlock(entry, asciiOf(name), "", asciiOf(link)),
  ]);
}

function byKey(a: [string, Uint8Array], b: [string, Uint8Array]): number {
  return a[0] < b[0] ? -1 : 1;
}

function headerBlock(entry: LayerEntry, name: string, prefix: string, link: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  putText(block, field.name, name);
  putOctal(block, field.mode, entry.mode);
  putOctal(block, field.uid, entry.uid);
  putOctal(block, field.gid, entry.gid);
  putOctal(block, field.size, entry.size);
  putOctal(block, field.mtime, entry.mtime.seconds);
  block[field.type[0]] = typeFlags[entry.type];
  putText(block, field.linkName, link);
  putOctal(block, field.major, entry.major ?? 0);
  putOctal(block, field.minor, entry.minor ?? 0);
  putText(block, field.prefix, prefix);
  return seal(block);
}

/** The header of a PAX header: Go names it after the entry, `dir/PaxHeaders.0/name`. */
function paxBlock(name: string, size: number): Buffer {
  const cut = name.lastIndexOf("/") + 1;
  // path.Join(dir, "PaxHeaders.0", file) of a cleaned name; a directory's name ends in a slash and has no file.
  let own = asciiOf([name.slice(0, cut).replace(/\/$/, ""), "PaxHeaders.0", name.slice(cut)].filter((part) => part !== "").join("/"));
  if (own.length > 100) own = own.slice(0, 100);
  const block = Buffer.alloc(BLOCK);
  putText(block, field.name, own.replace(/\/+$/, ""));
  for (const where of [field.mode, field.uid, field.gid, field.mtime]) putOctal(block, where, 0);
  putOctal(block, field.size, size);
  block[field.type[0]] = flag.pax;
  return seal(block);
}

function seal(block: Buffer): Buffer {
  block.write("ustar\x0000", field.magic[0], "latin1");
  block.write(`${headerChecksum(block).toString(8).padStart(6, "0")}\0 `, field.checksum[0], "latin1");
  return block;
}

/** As Go does: cut to the field, and no slash at the end of what was cut. */
function putText(block: Buffer, [start, length]: Field, text: string): void {
  let kept = text;
  if (kept.length > length) {
    kept = kept.slice(0, length);
    if (kept.endsWith("/")) kept = kept.replace(/\/+$/, "");
  }
  block.write(kept, start, "latin1");
}

/** Digits with a NUL behind; a number that does not fit is in the PAX header and 0 here. */
function putOctal(block: Buffer, [start, length]: Field, value: number): void {
  const fitting = fitsOctal(value, length) ? value : 0;
  block.write(fitting.toString(8).padStart(length - 1, "0"), start, "latin1");
}

function fitsOctal(value: number, length: number): boolean {
  return value >= 0 && value < 8 ** (length - 1);
}

function isAscii(text: string): boolean {
  return !/[^\x01-\x7f]/.test(text);
}

function asciiOf(text: string): string {
  return text.replace(/[^\x01-\x7f]/gu, "");
}

/** Splits a name at the last slash that lets both parts fit ustar's prefix and name fields. */
function splitName(name: string): [prefix: string, suffix: string] | undefined {
  if (name.length <= 100 || !isAscii(name)) return undefined;
  let length = name.length;
  if (length > 156) length = 156;
  else if (name.endsWith("/")) length -= 1;
  const cut = name.lastIndexOf("/", length - 1);
  const suffix = name.length - cut - 1;
  if (cut <= 0 || suffix > 100 || suffix === 0 || cut > 155) return undefined;
  return [name.slice(0, cut), name.slice(cut + 1)];
}
