import { closeSync, constants, openSync, readdirSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { startZygoteAhead } from "../../exec/zygote-ahead.ts";
import { bindDeclared } from "../../linux/libc.ts";
import { onClosedPipe } from "../closed-pipe.ts";
import { commandTable } from "../command-table.ts";
import { flagsOf, readCaller, standInFor, type Caller } from "./caller.ts";
import { tellStatus } from "./end-of-command.ts";
import { isCurrent, rememberProgram } from "./program-state.ts";
import { hasLeader, openStandbyPlace, type StandbyPlace } from "./standby-place.ts";
import { surroundingsOf } from "./surroundings.ts";

/** Milliseconds between two looks for whether anybody can still ask. */
const LOOK = 2000;

/** The commands that people wait for; others find most of their code loaded with these. */
const LIKELY = ["build", "push", "pull", "copy", "sync", "run", "tag"];

/** Modules of Node's that these use, and that are loaded when something of them is wanted. */
const MODULES = ["child_process", "crypto", "fs/promises", "http", "https", "net", "readline", "sqlite", "stream/promises", "tls", "worker_threads", "zlib"];

/**
 * Loads the program and waits until a command of this session wants to be done. From then on this process is that command:
 * its launcher, a shell, ends with this one's exit status, and this one with the launcher.
 * @param idle milliseconds to wait
 * @returns the command's words; undefined when none came, or another process stands by
 */
export async function standBy({ idle, signal }: { readonly idle: number; readonly signal: AbortSignal }): Promise<readonly string[] | undefined> {
  rememberProgram();
  closeInherited();
  await load();
  const place = openStandbyPlace(process.env);
  if (place === undefined) return undefined;
  try {
    const pid = await askedBy(place, { idle, signal });
    place.withdraw();
    return pid === undefined ? undefined : take(pid, place);
  } finally {
    place.withdraw();
  }
}

async function load(): Promise<void> {
  for (const name of MODULES) Object.keys(process.getBuiltinModule(`node:${name}`) as object);
  for (const name of LIKELY) await commandTable[name]!.load();
  bindDeclared();
  startZygoteAhead();
}

/**
 * What the command that left this process had open beside its standard files, such as a pipe whose reader waits for its end:
 * Node keeps high numbers that it did not open from nobody.
 */
function closeInherited(): void {
  const O_CLOEXEC = 0o2000000;
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    try {
      if (fd > 2 && (flagsOf("self", fd) & O_CLOEXEC) === 0) closeSync(fd);
    } catch {
      // The one that listed the folder.
    }
  }
}

/** The process number that somebody writes into the pipe; undefined once nobody can: the time is up, the session or the place has gone. */
function askedBy(place: StandbyPlace, { idle, signal }: { readonly idle: number; readonly signal: AbortSignal }): Promise<number | undefined> {
  return new Promise((resolve) => {
    const end = (pid?: number): void => {
      clearTimeout(timer);
      clearInterval(looks);
      resolve(pid);
    };
    const timer = setTimeout(end, idle);
    const looks = setInterval(() => (place.isThere() && hasLeader()) || end(), LOOK);
    signal.addEventListener("abort", () => end());
    place.ask.once("data", (line) => end(Number(String(line))));
  });
}

function take(pid: number, { ask, answer, pipe }: StandbyPlace): readonly string[] | undefined {
  try {
    if (!isCurrent()) throw new Error("the program has changed");
    const caller = readCaller(pid, { pipe, launcher: process.argv[1]! });
    const [own, theirs] = [surroundingsOf("self", process.env), surroundingsOf(pid, caller.env)];
    for (const name of new Set([...own.keys(), ...theirs.keys()])) if (theirs.get(name) !== own.get(name)) throw new Error(`${name} differ`);
    const giveBack = standInFor(caller);
    endWith(caller);
    ask.destroy();
    tellStatus({ answer, giveBack });
    writeSync(answer, "taken\n");
    onClosedPipe();
    return caller.words;
  } catch (error) {
    writeSync(answer, `declined ${(error as Error).message}\n`);
    return undefined;
  }
}

/** Killed without a chance to say so, the launcher leaves no writer to the pipe: then this process is killed too. */
function endWith({ pipe }: Caller): void {
  const end = new Socket({ fd: openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
  end.once("close", () => process.kill(process.pid, "SIGKILL")).resume().unref();
}
