import type { Command } from "../command.ts";
import { columns, wrap } from "./columns.ts";
import { flagRow, groupFlags } from "./flag-rows.ts";

/** `sampan build [OPTIONS] PATH | -` */
export function usageLine(command: Command): string {
  return `sampan ${command.name}${command.usage === "" ? "" : ` ${command.usage}`}`;
}

/** The whole help of a command, as `sampan COMMAND --help` prints it. */
export function commandHelp(command: Command, width = 100): string {
  const parts = [`Usage:  ${usageLine(command)}`, `${command.summary}.`];
  if (command.description) parts.push(...command.description.split("\n\n").map((paragraph) => wrap(paragraph, width).join("\n")));
  for (const [group, flags] of groupFlags(command.flags)) {
    parts.push(`${group}:\n${columns(flags.map(([name, flag]) => flagRow(name, flag)), { width })}`);
  }
  if (command.examples && command.examples.length > 0) {
    parts.push(`Examples:\n${command.examples.map(({ title, line }) => `  # ${title}\n  ${line}`).join("\n")}`);
  }
  return `${parts.join("\n\n")}\n`;
}
