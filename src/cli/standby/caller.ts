import { closeSync, constants, openSync, readFileSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { joinProcessGroup, moveDescriptor, setFileFlags } from "../../linux/process.ts";
import { openProcess, takeDescriptor } from "../../linux/pidfd.ts";
import { isSame, sessionOf, statFields, type StandbyPlace } from "./standby-place.ts";

const O_ACCMODE = 0o3;

/** Where the launcher has its standard descriptors, in their order, and its end of the pipe that it asks by (bin/standby.sh). */
const STREAMS = [6, 7, 5];
const ASK = 8;

/** The launcher of a command, a shell that waits for the process that stands by to do what it was called for. */
export interface Caller {
  readonly pid: number;
  /** Its end of the pipe that it asked by: a path in /proc. */
  readonly pipe: string;
  /** What stands after the program. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Who asks through the pipe.
 * @param asked the pipe, and this program's launcher, the file that the shell must be running
 * @throws where it is not that launcher, or has gone
 */
export function readCaller(pid: number, asked: { readonly pipe: StandbyPlace["pipe"]; readonly launcher: string }): Caller {
  const pipe = `/proc/${pid}/fd/${ASK}`;
  if (!isSame(statSync(pipe), asked.pipe)) throw new Error("another process asked");
  if (sessionOf(pid) !== sessionOf("self")) throw new Error("another session");
  const [, script = "", ...words] = readList(pid, "cmdline");
  if (realpathSync(resolve(`/proc/${pid}/cwd`, script)) !== realpathSync(asked.launcher)) throw new Error("another program");
  const env = Object.fromEntries(readList(pid, "environ").filter((row) => row.indexOf("=", 1) > 0).map((row) => [row.slice(0, row.indexOf("=", 1)), row.slice(row.indexOf("=", 1) + 1)]));
  return { pid, pipe, words, env };
}

/**
 * Makes this process what its launcher is to everybody else: its folder, terminal, files, environment and arguments.
 * @returns gives the standard files back as they were: whoever has them after this process does not expect writes that do not
 * wait. Node undoes what it did to the files that it started with; these it does not know
 * @throws where that is not possible; nothing but the folder may be changed then
 */
export function standInFor(caller: Caller): () => void {
  refuseFurtherFiles(caller);
  const { pid, words, env } = caller;
  const streams = STREAMS.map((fd) => takeStream(pid, fd));
  process.chdir(`/proc/${pid}/cwd`);
  process.umask(Number.parseInt(/^Umask:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1]!, 8));
  joinProcessGroup(Number(statFields(pid)[2]));
  streams.forEach((from, to) => moveDescriptor(from, to));
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv.splice(2, Infinity, ...words);
  process.title = `sampan.cjs ${words.join(" ")}`; // no longer one that waits, for who looks for those
  const flags = STREAMS.map((_, fd) => flagsOf("self", fd));
  return () => {
    if (process.stdin.isRaw) process.stdin.setRawMode(false);
    flags.forEach((value, fd) => setFileFlags(fd, value));
  };
}

/** Files that a command was given beside the standard ones, as `-f <(…)`, `KEY=<(…)` and LISTEN_FDS do, stay the launcher's. */
function refuseFurtherFiles({ words, env }: Caller): void {
  if ([...words, ...Object.values(env)].some((word) => /\/fd\/\d/.test(word)) || env["LISTEN_FDS"] !== undefined) throw new Error("further files are open");
}

/** The launcher's standard descriptor: the same open file, or where tracing is not allowed what may be opened again without a difference. */
function takeStream(pid: number, fd: number): number {
  const process = openProcess(pid);
  try {
    return takeDescriptor(process, fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  } finally {
    closeSync(process);
  }
  const path = `/proc/${pid}/fd/${fd}`;
  const file = statSync(path);
  const flags = flagsOf(pid, fd) & (O_ACCMODE | constants.O_APPEND);
  // A position in a file is shared by all that write to it.
  if (!file.isFIFO() && !file.isCharacterDevice() && !(file.isFile() && (flags & constants.O_APPEND) !== 0)) throw new Error(`descriptor ${fd} cannot be opened again`);
  return openSync(path, flags | constants.O_NOCTTY);
}

/** The flags that an open file was opened with, by node:fs' numbers. */
export function flagsOf(pid: number | "self", fd: number): number {
  return Number.parseInt(/^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "latin1"))![1]!, 8);
}

function readList(pid: number, name: "cmdline" | "environ"): string[] {
  const text = readFileSync(`/proc/${pid}/${name}`, "utf8");
  return text === "" ? [] : text.replace(/\0$/, "").split("\0");
}
