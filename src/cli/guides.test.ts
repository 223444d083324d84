import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commandTable } from "./command-table.ts";
import { findCommand } from "./find-command.ts";
import { parseFlags } from "./flags/parse-flags.ts";

const ROOT = join(import.meta.dirname, "../..");
const GUIDES = join(ROOT, "docs/guides");
const FILES = [join(ROOT, "README.md"), ...readdirSync(GUIDES).map((name) => join(GUIDES, name))];

/** The words of the first command of a line as a shell would split them; undefined where it is none of ours. */
function wordsOf(line: string): string[] | undefined {
  const command = /(?:^|\s|\|)sampan\s+(.*)/.exec(line)?.[1];
  if (command === undefined || /^\s*(?:#|ERROR)/.test(line)) return undefined;
  const words = command.match(/(?:"(?:\\.|[^"])*"|'[^']*'|\\.|[^\s"'\\])+/g) ?? [];
  // A wide gap parts two commands of one line; what follows belongs to the shell.
  const end = words.findIndex((word) => /^(?:#|\||\|\||&&|&|;|>|>>|<|2>)/.test(word) || word === "sampan");
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/^(["'])(.*)\1$/s, "$2").replace(/;$/, ""));
}

/** The commands of fenced blocks that are for a shell, continued lines joined. */
function commandsOf(path: string): string[][] {
  let language: string | undefined;
  const found: string[][] = [];
  for (const line of readFileSync(path, "utf8").replaceAll(/ *\\\n\s*/g, " ").split("\n")) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence) language = language === undefined ? fence[1] : undefined;
    else if (language !== undefined && ["", "sh", "shell", "bash", "console"].includes(language)) {
      for (const part of line.split(/ {3,}(?=(?:\$ )?sampan )/)) found.push(...[wordsOf(part)].filter((words) => words !== undefined));
    }
  }
  return found;
}

test("every command of the README and of the guides is one that the command line takes", async () => {
  const wrong: string[] = [];
  let count = 0;
  for (const path of FILES) {
    for (const words of commandsOf(path)) {
      count += 1;
      try {
        const found = findCommand(words);
        if ("group" in found) continue;
        const command = await commandTable[found.name]!.load();
        const { positionals } = parseFlags(found.rest, command.flags, { interspersed: command.interspersed, refusesLater: command.refusesLater });
        const { min, max } = command.positionals;
        if (positionals.length < min || positionals.length > max) throw new Error(`${positionals.length} arguments`);
      } catch (error) {
        wrong.push(`${path}: sampan ${words.join(" ")}: ${(error as Error).message}`);
      }
    }
  }
  assert.ok(count > 150, `only ${count} commands were found`);
  assert.deepEqual(wrong, []);
});

test("every link of the README and of the guides leads to a file", () => {
  for (const path of FILES) {
    for (const [, target] of readFileSync(path, "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (!/^[a-z]+:/.test(target!)) assert.ok(existsSync(join(path, "..", target!)), `${path}: ${target}`);
    }
  }
});
