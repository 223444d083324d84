import { readAt } from "../root-files.ts";

const MOST_SECTIONS = 10_000;

/** Whether these are the first bytes of an ELF file. */
export function isElf(head: Buffer): boolean {
  return head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46;
}

/**
 * The bytes of a section of an ELF file, by its name.
 * @returns undefined where there is none, where it is longer than the limit, and where the file is malformed
 */
export function readElfSection(descriptor: number, size: number, name: string, limit: number): Buffer | undefined {
  const head = readAt(descriptor, 0, Math.min(size, 64));
  if (!isElf(head)) return undefined;
  const wide = head[4] === 2;
  const little = head[5] === 1;
  const read = (bytes: Buffer, at: number, length: 2 | 4 | 8): number => {
    if (length === 8) return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return little ? bytes.readUIntLE(at, length) : bytes.readUIntBE(at, length);
  };
  const table = wide ? read(head, 0x28, 8) : read(head, 0x20, 4);
  const [entry, count, names] = wide ? [read(head, 0x3a, 2), read(head, 0x3c, 2), read(head, 0x3e, 2)] : [read(head, 0x2e, 2), read(head, 0x30, 2), read(head, 0x32, 2)];
  const least = wide ? 64 : 40;
  if (entry < least || count > MOST_SECTIONS || names >= count || table + entry * count > size) return undefined;
  const headers = readAt(descriptor, table, entry * count);
  const placeOf = (index: number): { offset: number; length: number } => {
    const at = index * entry;
    return wide ? { offset: read(headers, at + 0x18, 8), length: read(headers, at + 0x20, 8) } : { offset: read(headers, at + 0x10, 4), length: read(headers, at + 0x14, 4) };
  };
  const section = ({ offset, length }: { offset: number; length: number }): Buffer | undefined => (length > limit || offset + length > size ? undefined : readAt(descriptor, offset, length));
  const texts = section(placeOf(names));
  if (texts === undefined || headers.length < entry * count) return undefined;
  for (let index = 0; index < count; index += 1) {
    const start = read(headers, index * entry, 4);
    if (start < texts.length && texts.toString("latin1", start, Math.min(texts.length, start + name.length + 1)) === `${name}\0`) return section(placeOf(index));
  }
  return undefined;
}
