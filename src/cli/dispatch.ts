import type { Command } from "./command.ts";
import { commandTable } from "./command-table.ts";
import type { FlagTable } from "./flags/flag.ts";
import { FlagProblem, parseFlags } from "./flags/parse-flags.ts";
import type { Io } from "./io.ts";

// What is imported here is read at every start; what only some starts need is imported where it is needed.

/** Does what the words after `sampan` say and gives the exit status; nothing is thrown. */
export async function dispatch(words: readonly string[], io: Io, signal: AbortSignal): Promise<number> {
  let command: Command | undefined;
  try {
    const rest = readGlobalFlags(words, io.env);
    if (rest.length === 0 || rest[0] === "--help" || rest[0] === "-h") {
      io.stdout.write((await import("./help/overview.ts")).overview());
      return 0;
    }
    const found = await find(rest[0] === "--version" || rest[0] === "-v" ? ["version", "--short"] : rest);
    if ("group" in found) {
      io.stdout.write((await import("./help/overview.ts")).groupOverview(found.group));
      return 0;
    }
    command = await commandTable[found.name]!.load();
    const helpLetter = Object.values(command.flags).some(({ short }) => short === "h") ? {} : { short: "h" };
    const table: FlagTable = { ...command.flags, help: { kind: "switch", help: "", ...helpLetter } };
    const parsed = await parse(found.rest, table, command);
    if ((parsed.flags as Record<string, unknown>)["help"] === true) {
      io.stdout.write((await import("./help/command-help.ts")).commandHelp(command, io.stdout.columns));
      return 0;
    }
    await checkCount(command, parsed.positionals.length);
    return (await command.run({ ...parsed, io, signal })) ?? 0;
  } catch (error) {
    // Whatever broke because of the interruption is not what happened.
    const shown: unknown = signal.aborted ? signal.reason : error;
    const status = await (await import("./errors/print-error.ts")).printError(shown, io, command);
    return (status === 1 ? command?.failureStatus : status === 2 ? command?.usageStatus : undefined) ?? status;
  }
}

/** `--config DIR` and `-D` stand before the command, as Docker's do. */
function readGlobalFlags(words: readonly string[], env: NodeJS.ProcessEnv): readonly string[] {
  let at = 0;
  for (; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === "-D" || word === "--debug") env["SAMPAN_DEBUG"] = "1";
    else if (word === "--config" && at + 1 < words.length) env["DOCKER_CONFIG"] = words[++at];
    else if (word.startsWith("--config=")) env["DOCKER_CONFIG"] = word.slice("--config=".length);
    else break;
  }
  return words.slice(at);
}

/** The command by its own name at once; other spellings, groups and mistakes are looked at more closely. */
async function find(words: readonly string[]): Promise<{ name: string; rest: readonly string[] } | { group: string }> {
  const [name = "", ...rest] = words;
  // The one command that has others below it.
  const isLonger = name === "build" && rest[0] === "history" && rest.length > 1;
  if (Object.hasOwn(commandTable, name) && !isLonger) return { name, rest };
  return (await import("./find-command.ts")).findCommand(words);
}

async function parse(words: readonly string[], table: FlagTable, { interspersed, refusesLater }: Command): Promise<ReturnType<typeof parseFlags>> {
  try {
    return parseFlags(words, table, { interspersed, refusesLater });
  } catch (error) {
    if (error instanceof FlagProblem) throw (await import("./flags/flag-fault.ts")).flagFault(error, table);
    throw error;
  }
}

async function checkCount(command: Command, count: number): Promise<void> {
  const { min, max } = command.positionals;
  if (count >= min && count <= max) return;
  const { fault } = await import("../std/fault.ts");
  throw fault("USAGE", { problem: `'sampan ${command.name}' ${expected(min, max)}, not ${count}` });
}

function expected(min: number, max: number): string {
  const word = (count: number): string => `${count} argument${count === 1 ? "" : "s"}`;
  if (max === 0) return "takes no arguments";
  if (min === max) return `needs exactly ${word(min)}`;
  return max === Infinity ? `needs at least ${word(min)}` : `takes ${min} to ${max} arguments`;
}
