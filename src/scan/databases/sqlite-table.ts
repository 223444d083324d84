import { readAt } from "../root-files.ts";

/** A value of a row; numbers with fractions are not read. */
export type SqliteValue = Buffer | string | bigint | null;

/** Longer rows are no package's. */
const LONGEST_ROW = 32 * 1024 * 1024;
const LARGEST = 4 * 1024 ** 3;
const DEEPEST = 20;
/** As many columns as SQLite itself takes. */
const MOST_VALUES = 32_767;
const INTERIOR = 0x05;
const LEAF = 0x0d;

/**
 * The rows of a table of an SQLite file, in the order of their numbers; the file format is SQLite's own (sqlite.org/fileformat2.html). No engine works
 * on a stranger's file: nothing in it is executed, no byte is given twice, and no more than one row is in memory.
 * @param descriptor of the open file, `size` its bytes
 * @throws Error in words for a list of problems, where the file is damaged or has no such table
 */
export function* readSqliteTable(descriptor: number, size: number, table: string): Generator<readonly SqliteValue[]> {
  const head = readAt(descriptor, 0, 100);
  if (head.length < 100 || head.toString("latin1", 0, 16) !== "SQLite format 3\0") throw new Error("it is no SQLite database");
  const pageSize = head.readUInt16BE(16) === 1 ? 65_536 : head.readUInt16BE(16);
  const usable = pageSize - head[20]!;
  if (size > LARGEST) throw new Error(`it has ${size} bytes, more than ${LARGEST}`);
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0 || usable < 480 || head.readUInt32BE(56) > 1) throw damaged();
  const pages = new Pages(descriptor, { pageSize, usable, count: Math.floor(size / pageSize) });
  for (const [type, name, , root] of rows(pages, 1)) {
    if (type === "table" && name === table && typeof root === "bigint" && root > 1n && root <= 0xffff_ffffn) return yield* rows(pages, Number(root));
  }
  throw new Error(`it has no table ${table}`);
}

function damaged(): Error {
  return new Error("it is damaged");
}

/** Pages of the file, each of which is read once: a circle of pages, or one that many rows share, is found so. */
class Pages {
  readonly usable: number;
  readonly #descriptor: number;
  readonly #size: number;
  readonly #count: number;
  readonly #seen: Uint8Array;

  constructor(descriptor: number, { pageSize, usable, count }: { readonly pageSize: number; readonly usable: number; readonly count: number }) {
    this.#descriptor = descriptor;
    this.#size = pageSize;
    this.usable = usable;
    this.#count = count;
    this.#seen = new Uint8Array(Math.ceil((count + 1) / 8));
  }

  read(number: number): Buffer {
    const [at, bit] = [number >> 3, 1 << (number & 7)];
    if (number < 1 || number > this.#count || (this.#seen[at]! & bit) !== 0) throw damaged();
    this.#seen[at]! |= bit;
    const page = readAt(this.#descriptor, (number - 1) * this.#size, this.#size);
    if (page.length < this.#size) throw damaged();
    return page;
  }
}

function* rows(pages: Pages, root: number, depth = 0): Generator<readonly SqliteValue[]> {
  const page = pages.read(root);
  const start = root === 1 ? 100 : 0;
  const type = page[start];
  if ((type !== LEAF && type !== INTERIOR) || depth > DEEPEST) throw damaged();
  const pointers = start + (type === LEAF ? 8 : 12);
  const cells = page.readUInt16BE(start + 3);
  if (pointers + cells * 2 > page.length) throw damaged();
  let room = page.length;
  for (let index = 0; index < cells; index += 1) {
    const at = page.readUInt16BE(pointers + index * 2);
    if (at + 4 > page.length) throw damaged();
    if (type === INTERIOR) {
      yield* rows(pages, page.readUInt32BE(at), depth + 1);
      continue;
    }
    const { payload, local } = payloadOf(pages, page, at);
    // Rows that share bytes would make gigabytes of a page.
    room -= local;
    if (room < 0) throw damaged();
    yield valuesOf(payload);
  }
  if (type === INTERIOR) yield* rows(pages, page.readUInt32BE(start + 8), depth + 1);
}

/** The bytes of a row: the first of them, `local`, in the page, the rest in a chain of pages of their own. */
function payloadOf(pages: Pages, page: Buffer, cell: number): { payload: Buffer; local: number } {
  const length = varint(page, cell);
  const number = varint(page, length.next);
  const total = length.value;
  if (total > LONGEST_ROW) throw new Error(`a row has ${total} bytes, more than ${LONGEST_ROW}`);
  const { usable } = pages;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const surplus = least + ((total - least) % (usable - 4));
  const local = total <= usable - 35 ? total : surplus <= usable - 35 ? surplus : least;
  if (number.next + local > usable) throw damaged();
  const parts = [page.subarray(number.next, number.next + local)];
  if (local === total) return { payload: parts[0]!, local };
  if (number.next + local + 4 > page.length) throw damaged();
  let next = page.readUInt32BE(number.next + local);
  for (let left = total - local; left > 0; ) {
    const overflow = pages.read(next);
    parts.push(overflow.subarray(4, 4 + Math.min(left, usable - 4)));
    left -= usable - 4;
    next = overflow.readUInt32BE(0);
  }
  return { payload: Buffer.concat(parts, total), local };
}

function valuesOf(record: Buffer): SqliteValue[] {
  const head = varint(record, 0);
  const values: SqliteValue[] = [];
  let body = head.value;
  if (body > record.length) throw damaged();
  for (let at = head.next; at < head.value; ) {
    const { value: type, next } = varint(record, at);
    at = next;
    const length = type >= 12 ? (type - (type % 2 === 0 ? 12 : 13)) / 2 : [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0][type]!;
    const end = body + length;
    if (end > record.length) throw damaged();
    if (values.length === MOST_VALUES) throw damaged();
    values.push(valueOf(type, record.subarray(body, end)));
    body = end;
  }
  return values;
}

function valueOf(type: number, bytes: Buffer): SqliteValue {
  if (type >= 12) return type % 2 === 0 ? bytes : bytes.toString("utf8");
  if (type === 8 || type === 9) return BigInt(type - 8);
  if (type < 1 || type > 6) return null;
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString("hex")}`));
}

/** A number of one to nine bytes, of which all but the last have their first bit set. */
function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) throw damaged();
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, next: at + index + 1 };
  }
  // The ninth has eight bits. Numbers that long are no lengths, and those of rows are not wanted.
  if (bytes[at + 8] === undefined) throw damaged();
  return { value: Number.MAX_SAFE_INTEGER, next: at + 9 };
}
