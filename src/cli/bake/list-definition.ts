import type { Definition } from "../../bake/definition.ts";
import { fault } from "../../std/fault.ts";
import { csvFields } from "../flags/csv.ts";
import { alignColumns } from "../template/tabwriter.ts";

/** What `--list` shows. @throws USAGE */
export function listDefinition(definition: Definition, list: string): string {
  const { type, format } = readList(list);
  const rows = type === "targets" ? targetRows(definition) : definition.variables.map(({ name, type: kind, value, description }) => ({ name, ...(description ? { description } : {}), ...(kind ? { type: kind } : {}), ...(value === undefined ? {} : { value }) }));
  if (format === "json") return `${JSON.stringify(rows, null, 2)}\n`;
  const lines = type === "targets"
    ? ["TARGET\tDESCRIPTION", ...targetRows(definition).map(({ name, description = "" }) => `${name}\t${description}`)]
    : ["VARIABLE\tTYPE\tVALUE\tDESCRIPTION", ...definition.variables.map(({ name, type: kind, value = "<null>", description }) => [name, kind, value, description].join("\t"))];
  return `${alignColumns(lines.join("\n"))}\n`;
}

/** Names that begin with an underscore are for inheriting only. */
function targetRows({ targets, groups }: Definition): { name: string; description?: string; group?: true }[] {
  const rows = [
    ...targets.map(({ name, description }) => ({ name, ...(description ? { description } : {}) })),
    ...groups.map(({ name, description, targets: inner }) => {
      const names = [...inner].sort().join(", ");
      const shown = description && names ? `${description} (${names})` : description ?? names;
      return { name, ...(shown ? { description: shown } : {}), group: true as const };
    }),
  ];
  return rows.filter(({ name }) => !name.startsWith("_")).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readList(text: string): { type: "targets" | "variables"; format: "table" | "json" } {
  const fields = text.includes("=") ? csvFields(text, "--list") : new Map([["type", text]]);
  const [type, format] = [fields.get("type") ?? "", fields.get("format") ?? "table"];
  for (const key of fields.keys()) if (key !== "type" && key !== "format") throw fault("USAGE", { problem: `unexpected key '${key}' in --list ${text}` });
  if (type !== "targets" && type !== "variables") throw fault("USAGE", { problem: `invalid list type ${JSON.stringify(type)}`, hint: "it is targets or variables" });
  if (format !== "table" && format !== "json") throw fault("USAGE", { problem: `invalid list format ${JSON.stringify(format)}`, hint: "it is table or json" });
  return { type, format };
}
