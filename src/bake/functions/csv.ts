import { problem, type Value } from "../value.ts";

/** Rows of comma-separated values as objects, with the first row's fields as their keys. */
export function csvDecode(text: string): Value {
  const [header, ...rows] = csvRows(text);
  if (header === undefined) return problem("missing header line");
  const twice = header.find((name, index) => header.indexOf(name) !== index);
  if (twice !== undefined) problem(`duplicate column name ${JSON.stringify(twice)}`);
  return rows.map((row) => {
    if (row.length !== header.length) problem(`wrong number of fields: ${row.length} instead of ${header.length}`);
    return Object.fromEntries(header.map((name, index) => [name, row[index]!]));
  });
}

/** RFC 4180: fields in quotes hold commas, line ends and doubled quotes. Empty lines count for nothing. */
function csvRows(text: string): string[][] {
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  const rows: string[][] = [];
  let row: string[] = [];
  while (field.lastIndex < text.length || row.length > 0) {
    const [, quoted, plain = "", end] = field.exec(text) ?? problem("parse error: a quote stands where none can");
    if (quoted === undefined && plain === "" && end !== "," && row.length === 0) continue;
    row.push(quoted?.replaceAll('""', '"').replaceAll("\r\n", "\n") ?? plain);
    if (end === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
