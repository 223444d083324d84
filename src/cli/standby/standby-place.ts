import { closeSync, constants, existsSync, fstatSync, lstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { isAbsolute, join } from "node:path";
import { makeNode } from "../../linux/mknod.ts";
import { makeFolder } from "../../std/make-folder.ts";

/**
 * The folder by which the processes of one session find the one that stands by: two named pipes, which also prove that a
 * process of that number is the right one, and its number with those of its ends.
 */
export interface StandbyPlace {
  /** The process number of who wants its command done comes out of it. */
  readonly ask: Socket;
  /** Tells that pipe from every other one. */
  readonly pipe: { readonly dev: number; readonly ino: number };
  /** For `taken` and the exit status. */
  readonly answer: number;
  /** Whether others still find it. */
  isThere(): boolean;
  /** Nobody finds the place any more; what is open stays open. */
  withdraw(): void;
}

/** Makes this process the one that stands by in its session; undefined where another one does, or where there is no home for it. */
export function openStandbyPlace(env: NodeJS.ProcessEnv): StandbyPlace | undefined {
  const parent = parentFolder(env);
  if (parent === undefined || standsBy(env)) return undefined;
  const place = join(parent, sessionOf("self"));
  const made = mkdtempSync(`${place}.`);
  try {
    const [ask, answer] = ["ask", "answer"].map((name) => {
      makeNode(join(made, name), "fifo", 0o600);
      return openSync(join(made, name), constants.O_RDWR | constants.O_NONBLOCK);
    }) as [number, number];
    writeFileSync(join(made, "process"), `${process.pid} ${ask} ${answer}\n`);
    rmSync(place, { recursive: true, force: true }); // of one that was killed
    renameSync(made, place);
    const pipe = fstatSync(ask);
    return { ask: new Socket({ fd: ask, readable: true, writable: false }), pipe, answer, isThere: () => isPlaceOf(pipe, place), withdraw: () => remove(place, pipe) };
  } catch {
    rmSync(made, { recursive: true, force: true });
    return undefined; // another one was quicker
  }
}

/** Whether a process stands by in this session, in whichever process namespace: nobody else has the pipe open. A claimed one is about to be none. */
export function standsBy(env: NodeJS.ProcessEnv): boolean {
  const parent = parentFolder(env);
  if (parent === undefined) return false;
  const place = join(parent, sessionOf("self"));
  try {
    closeSync(openSync(join(place, "ask"), constants.O_WRONLY | constants.O_NONBLOCK)); // ENXIO without a reader
    return !existsSync(join(place, "claimed"));
  } catch {
    return false;
  }
}

/** The session that a process belongs to: field 6 of /proc/<pid>/stat (proc_pid_stat(5)). */
export function sessionOf(pid: number | "self"): string {
  return statFields(pid)[3]!;
}

/** Whether the process that began this process's session is alive: what is left of a dead one may be seen until somebody has waited for it. */
export function hasLeader(): boolean {
  try {
    return !/[ZX]/.test(statFields(Number(sessionOf("self")))[0]!);
  } catch {
    return false; // gone, or never of this process namespace
  }
}

/** The fields of /proc/<pid>/stat from the third one on. The second is the command in parentheses and may hold anything. */
export function statFields(pid: number | "self"): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  return text.slice(text.lastIndexOf(")") + 2).trimEnd().split(" ");
}

/** Where the places of this user's sessions are; it must be this user's alone, since a shell does what a place says. */
function parentFolder(env: NodeJS.ProcessEnv): string | undefined {
  const cache = env["XDG_CACHE_HOME"] || (env["HOME"] && join(env["HOME"], ".cache"));
  if (!cache || !isAbsolute(cache)) return undefined;
  const folder = join(cache, "sampan", "standby");
  try {
    makeFolder(join(cache, "sampan"), { mode: 0o700 });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder); // a link's mode is open to all
    return uid === process.geteuid!() && (mode & 0o022) === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}

function remove(place: string, pipe: StandbyPlace["pipe"]): void {
  try {
    const gone = `${place}.${process.pid}`;
    if (!isPlaceOf(pipe, place)) return;
    renameSync(place, gone);
    rmSync(gone, { recursive: true, force: true });
  } catch {
    // Somebody else has removed it.
  }
}

function isPlaceOf(pipe: StandbyPlace["pipe"], place: string): boolean {
  const found = statSync(join(place, "ask"), { throwIfNoEntry: false });
  return found !== undefined && isSame(found, pipe);
}

/** Whether both are one file. */
export function isSame(one: { dev: number; ino: number }, other: { dev: number; ino: number }): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
