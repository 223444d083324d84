import { jsonLocation } from "./locations.ts";
import type { Outline, OutlineNeed } from "./outline.ts";
import { textTable } from "./text-table.ts";

/** An outline as `docker buildx build --call outline,format=json` prints it. */
export function outlineJson({ name, description, args, secrets, ssh }: Outline, source: string): unknown {
  const needs = (list: readonly OutlineNeed[]): unknown => list.map((need) => ({
    name: need.name, ...(need.required ? { required: true } : {}), location: jsonLocation(need.location),
  }));
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(args.length === 0 ? {} : { args: args.map((arg) => ({ ...arg, location: jsonLocation(arg.location) })) }),
    ...(secrets.length === 0 ? {} : { secrets: needs(secrets) }),
    ...(ssh.length === 0 ? {} : { ssh: needs(ssh) }),
    sources: [Buffer.from(source).toString("base64")],
  };
}

/** An outline as tables; nothing where the target asks for nothing and has no name. */
export function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const tables: string[] = [];
  if (name !== undefined || description !== undefined) {
    tables.push(textTable([["TARGET:", name ?? "(default)"], ...(description === undefined ? [] : [["DESCRIPTION:", description]])], 1));
  }
  if (args.length > 0) tables.push(textTable([["BUILD ARG", "VALUE", "DESCRIPTION"], ...args.map((arg) => [arg.name, arg.value ?? "", arg.description ?? ""])], 3));
  for (const [title, needs] of [["SECRET", secrets], ["SSH", ssh]] as const) {
    if (needs.length > 0) tables.push(textTable([[title, "REQUIRED"], ...needs.map((need) => [need.name, need.required ? "true" : ""])], 3));
  }
  return tables.map((table) => `${table}\n`).join("");
}
