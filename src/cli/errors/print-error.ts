import type { Fault } from "../../std/fault.ts";
import type { Command } from "../command.ts";
import { usageLine } from "../help/command-help.ts";
import { mayColor, type Io } from "../io.ts";
import { asFault } from "./as-fault.ts";
import { causeLines } from "./cause-lines.ts";

/**
 * Shows an error on standard error: the message, its causes, the lines of the Dockerfile that are to blame and
 * what to do. Gives the exit status: the fault's own, 1 for an error that is in no table.
 */
export async function printError(error: unknown, io: Io, command?: Command): Promise<number> {
  const known = asFault(error);
  const debug = io.env["SAMPAN_DEBUG"] === "1";
  const color = mayColor(io.stderr, io.env);
  const lines: string[] = [];
  if (known) {
    lines.push(`${paint("ERROR:", "31;1", color)} ${harmless(known.message)}`, ...causeLines(known).map(harmless));
    if (known.location) lines.push("", (await frame(known, color)).trimEnd(), "");
    if (known.hint) lines.push(`${paint("hint:", "36", color)} ${harmless(known.hint)}`);
    if (known.code === "USAGE") lines.push("", ...usage(command));
  } else {
    lines.push(`${paint("ERROR:", "31;1", color)} unexpected: ${harmless(error instanceof Error ? error.message : String(error))}`, ...causeLines(error).map(harmless));
    if (!debug) lines.push(`${paint("hint:", "36", color)} this is a mistake in Sampan; SAMPAN_DEBUG=1 shows where it happened`);
  }
  if (debug) lines.push("", stack(error));
  io.stderr.write(`${lines.join("\n")}\n`);
  return known?.exitStatus ?? 1;
}

function usage(command: Command | undefined): string[] {
  if (!command) return ["Run 'sampan help' for the commands."];
  return [`Usage:  ${usageLine(command)}`, `Run 'sampan ${command.name} --help' for what it takes.`];
}

async function frame(known: Fault, color: boolean): Promise<string> {
  const { formatFrame } = await import("../../dockerfile/code-frame.ts");
  return formatFrame(known.location!, { color });
}

function stack(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause === undefined ? "" : `\ncaused by ${stack(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** What registries, images and their files say must not move the cursor or talk to the terminal. */
function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (char) => `\\x${char.codePointAt(0)!.toString(16).padStart(2, "0")}`);
}

function paint(text: string, code: string, color: boolean): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}
