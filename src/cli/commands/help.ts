import { command } from "../command.ts";
import { commandTable } from "../command-table.ts";
import { findCommand } from "../find-command.ts";
import { flagTable } from "../flags/flag.ts";
import { commandHelp } from "../help/command-help.ts";
import { groupOverview, overview } from "../help/overview.ts";

export const helpCommand = command({
  name: "help",
  summary: "Show the help of a command",
  usage: "[COMMAND]",
  flags: flagTable({}),
  positionals: { min: 0, max: 4 },
  async run({ positionals, io }) {
    io.stdout.write(await helpText(positionals, io.stdout.columns));
  },
});

async function helpText(words: readonly string[], width: number | undefined): Promise<string> {
  if (words.length === 0) return overview();
  const found = findCommand(words);
  return "group" in found ? groupOverview(found.group) : commandHelp(await commandTable[found.name]!.load(), width);
}
