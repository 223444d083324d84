import { executeTemplate } from "./execute.ts";
import { toJson } from "./show.ts";
import { alignColumns } from "./tabwriter.ts";

/** One value by --format: `json` or a template. @throws TEMPLATE_INVALID */
export function formatOne(format: string, value: unknown): string {
  return format === "json" ? toJson(value) : executeTemplate(format, value);
}

export interface RowFormat {
  /** What --format says; nothing, an empty text and `table` stand for the default table. */
  readonly format?: string;
  readonly defaultTable: string;
  /** The heading of each field, and methods that make one. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** In headings the functions that change a text leave it alone, as in docker's formatter. */
const headerFunctions = Object.fromEntries(
  ["json", "split", "join", "title", "lower", "upper", "truncate"].map((name) => [name, (value: unknown): unknown => value]),
);

/**
 * Rows by --format as docker's formatter package writes them: `json`, a template per row, or `table TEMPLATE` with
 * headings and aligned columns. `\t` and `\n` may be written as escapes.
 * @throws TEMPLATE_INVALID
 */
export function formatRows(rows: readonly Readonly<Record<string, unknown>>[], { format: given, defaultTable, headers }: RowFormat): string {
  const format = given || "table";
  if (format === "json") return rows.map((row) => `${rowJson(row)}\n`).join("");
  const isTable = format === "table" || /^table\s/.test(format);
  const written = format === "table" ? defaultTable : isTable ? format.slice("table".length).trim() : format;
  const template = written.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  const lines = rows.map((row) => `${executeTemplate(template, row, { json: (value) => (value === row ? rowJson(row) : toJson(value)) })}\n`).join("");
  if (!isTable) return lines;
  const heading = `${executeTemplate(template, headers, headerFunctions)}\n`;
  return alignColumns(heading + lines);
}

/** Docker's rows go through Go's json.Marshal, which escapes for HTML; other values do not. */
function rowJson(row: unknown): string {
  return toJson(row).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
