/**
 * Splits the content of a PAX header into its records, `<length> <key>=<value>\n`; values are bytes, since
 * those of xattrs are. A key that occurs twice has its last value.
 * @returns undefined if the content breaks the grammar.
 */
export function parsePaxRecords(content: Buffer): Map<string, Buffer> | undefined {
  const records = new Map<string, Buffer>();
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(0x20, at);
    if (space < 0 || space - at > 10) return undefined;
    const digits = content.toString("latin1", at, space);
    if (!/^[0-9]+$/.test(digits)) return undefined;
    const end = at + Number(digits);
    if (end > content.length || end < space + 4 || content[end - 1] !== 0x0a) return undefined;
    const equals = content.indexOf(0x3d, space + 1);
    if (equals <= space + 1 || equals >= end) return undefined;
    const key = content.toString("utf8", space + 1, equals);
    const value = content.subarray(equals + 1, end - 1);
    if (key.includes("\0") || (TEXT.has(key) && value.includes(0))) return undefined;
    records.set(key, value);
    at = end;
  }
  return records;
}

const TEXT = new Set(["path", "linkpath", "uname", "gname"]);

/** One record; its length counts itself. */
export function formatPaxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.byteLength(key) + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from("\n")]);
}

/** `[-]seconds[.fraction]` with any number of digits, of which nine count. */
export function parsePaxTime(text: string): { seconds: number; nanoseconds: number } | undefined {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text);
  if (!match) return undefined;
  const whole = Number(match[2]);
  const fraction = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds: whole, nanoseconds: fraction };
  return fraction === 0 ? { seconds: 0 - whole, nanoseconds: 0 } : { seconds: -whole - 1, nanoseconds: 1e9 - fraction };
}
