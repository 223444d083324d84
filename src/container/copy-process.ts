import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "../exec/spawn-sandbox.ts";
import { fault } from "../std/fault.ts";
import { reviveError } from "../std/plain-error.ts";
import { entryUrl } from "../std/sources.ts";
import type { ContainerRecord } from "../store/container-record.ts";
import { startTime } from "../store/process-identity.ts";
import type { CopyJob, CopyReport } from "./copy-job.ts";
import type { Copied } from "./copy-place.ts";

/** A process that reads or writes files of a container. Disposing of it ends it. */
export interface CopyProcess extends Disposable {
  /** What it found; an archive may be read or written then. @throws what it met */
  readonly found: Promise<Copied | null>;
  /** When all is done. @throws what it met */
  readonly done: Promise<void>;
  readonly input: Writable;
  readonly output: Readable;
}

/**
 * Starts it.
 * @param container one that runs, whose root it enters
 * @throws CONTAINER_NOT_RUNNING, NOT_SUPPORTED for other runtimes than the built-in one
 */
export function startCopy(job: CopyJob, container: ContainerRecord | undefined): CopyProcess {
  const root = container && openRoot(container);
  try {
    const entry = fileURLToPath(entryUrl("container/copy-entry.ts"));
    const child = spawn(process.execPath, ["--no-warnings", entry, JSON.stringify(job)], {
      stdio: [job.kind === "unpack" ? "pipe" : "ignore", job.kind === "pack" ? "pipe" : "ignore", "ignore", "pipe", ...(root === undefined ? [] : [root])], cwd: "/", env: childEnvironment(),
    });
    // It may end first, with a reason that is told elsewhere.
    child.stdin?.on("error", () => undefined);
    return { ...follow(child), input: child.stdin!, output: child.stdout!, [Symbol.dispose]: () => void child.kill("SIGKILL") };
  } finally {
    if (root !== undefined) closeSync(root);
  }
}

/** The process's number may belong to another one by now; whose root it is is looked at when that is open. */
function openRoot({ running, name, spec }: ContainerRecord): number {
  if (spec.runtime !== "builtin") throw fault("NOT_SUPPORTED", { feature: `copying while a container of the runtime ${spec.runtime} runs` });
  let root: number | undefined;
  try {
    root = openSync(`/proc/${running!.pid}/root`, "r");
    if (startTime(running!.pid) === running!.started) return root;
  } catch (error) {
    if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code!)) throw error;
  }
  if (root !== undefined) closeSync(root);
  throw fault("CONTAINER_NOT_RUNNING", { container: name });
}

function follow(child: ChildProcess): Pick<CopyProcess, "found" | "done"> {
  const found = Promise.withResolvers<Copied | null>();
  const done = Promise.withResolvers<void>();
  const fail = (error: Error): void => {
    found.reject(error);
    done.reject(error);
  };
  found.promise.catch(() => undefined);
  done.promise.catch(() => undefined);
  createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
    const report = JSON.parse(line) as CopyReport;
    if ("found" in report) found.resolve(report.found);
    else if ("done" in report) done.resolve();
    else fail(reviveError(report.failed));
  });
  child.once("error", fail);
  // Behind all lines, or it was killed.
  child.once("close", () => fail(new Error("the process that copies has ended without a word")));
  return { found: found.promise, done: done.promise };
}
