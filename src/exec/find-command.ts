import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import type { NotStarted } from "./run-job.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The command or its folder is not in the container, or it cannot be executed there. */
export class CommandNotStarted extends Error {
  readonly failure: NotStarted;
  constructor(failure: NotStarted, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** The file that a command's name means: by PATH unless it has a slash. @throws CommandNotStarted */
export function findCommand(name: string, env: readonly string[]): string {
  if (name.includes("/")) return name;
  const path = env.findLast((pair) => pair.startsWith("PATH="))?.slice(5) ?? DEFAULT_PATH;
  let forbidden = false;
  for (const folder of name === "" ? [] : path.split(":")) {
    const candidate = join(folder === "" ? "." : folder, name);
    const stat = statSync(candidate, { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      forbidden = true;
    }
  }
  if (forbidden) throw new CommandNotStarted("notExecutable", `exec: ${JSON.stringify(name)}: permission denied`);
  throw new CommandNotStarted("notFound", `exec: ${JSON.stringify(name)}: executable file not found in $PATH`);
}

/** Finds what is wrong with a command without executing it. @throws CommandNotStarted */
export function checkCommand(name: string, env: readonly string[]): void {
  const path = findCommand(name, env);
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw notStarted(name, error);
  }
  if (statSync(path).isDirectory()) throw notStarted(name, { code: "EISDIR" });
}

/** Why execve(2) refused a command. */
export function notStarted(name: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  const quoted = JSON.stringify(name);
  switch (code) {
    case "ENOENT": {
      // The file is there: the interpreter of its first line or its ELF header is what is missing.
      const there = lstatSync(name, { throwIfNoEntry: false }) !== undefined;
      return new CommandNotStarted("notFound", `exec: ${quoted}: ${there ? "its interpreter does not exist" : "no such file or directory"}`);
    }
    case "ENOTDIR": return new CommandNotStarted("notFound", `exec: ${quoted}: no such file or directory`);
    case "EACCES": case "EPERM": case "EISDIR": return new CommandNotStarted("notExecutable", `exec: ${quoted}: permission denied`);
    case "ENOEXEC": return new CommandNotStarted("notExecutable", `exec: ${quoted}: exec format error`);
    case "E2BIG": return new CommandNotStarted("notExecutable", `exec: ${quoted}: argument list too long`);
    default: return new CommandNotStarted("notExecutable", `exec: ${quoted}: ${(error as Error).message}`);
  }
}
