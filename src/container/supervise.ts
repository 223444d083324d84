import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createExecutor } from "../exec/create-executor.ts";
import type { RunJob, RunOptions, RunResult } from "../exec/run-job.ts";
import { createCgroups, memoryKills, removeFreezer } from "../linux/cgroup.ts";
import { removeCgroups } from "../linux/remove-cgroups.ts";
import type { ContainerRecord, RunningContainer } from "../store/container-record.ts";
import type { ContainerStore } from "../store/container-store.ts";
import { startTime } from "../store/process-identity.ts";
import { logFiles } from "./log-entry.ts";
import { LogWriter } from "./log-writer.ts";
import { choosePorts } from "./publish-ports.ts";

/** How a container ended. */
export interface ContainerEnd extends Readonly<Parameters<ContainerStore["ended"]>[1]> {
  /** Whether its command was executed. */
  readonly ran: boolean;
}

/** Where it is noted that a container runs and how it ended. */
export interface Ledger {
  started(running: RunningContainer): void | Promise<void>;
  ended(end: ContainerEnd): void | Promise<void>;
}

export interface SuperviseOptions {
  /** The container's folder. */
  readonly folder: string;
  readonly root: RunJob["root"];
  readonly stdin: RunJob["stdin"];
  readonly ledger: Ledger;
  /** Ends the container as `stop` does. */
  readonly signal: AbortSignal;
  /** What is sent to it then; the container's own stop signal where not given. */
  readonly stopSignal?: () => number;
  readonly onOutput?: RunOptions["onOutput"];
  readonly onTerminal?: RunOptions["onTerminal"];
  /** Gets a way to pass signals on when there is somebody to pass them on to. */
  readonly onStart?: RunOptions["onStart"];
  /** Called when the command runs and that has been noted. */
  readonly onStarted?: () => void;
}

/** Runs a container to its end, logs what it says, and notes what becomes of it. */
export async function supervise(record: ContainerRecord, options: SuperviseOptions): Promise<RunResult> {
  const { folder, ledger, signal } = options;
  const { spec, id } = record;
  const temporary = join(folder, "run");
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const state = record.startedAt === undefined ? "created" : "exited";
  let end: ContainerEnd = { state, exitCode: 128, ran: false };
  let cgroups: string[] = [];
  let noted: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pass = (): void => {};
  try {
    using log = spec.log && new LogWriter(logFiles(folder, id, spec.log.files), spec.log.size);
    const ports = await choosePorts(spec.ports);
    cgroups = createCgroups(`sampan-${id}`, spec.limits);
    await using executor = await createExecutor({ runtime: spec.runtime, temporary });
    signal.throwIfAborted();
    let pid = 0;
    const result = await executor.run({ ...spec.job, root: options.root, stdin: options.stdin, ports, cgroups, limits: spec.limits }, {
      onOutput: (stream, data) => {
        log?.write(stream, data);
        return options.onOutput?.(stream, data);
      },
      ...(options.onTerminal ? { onTerminal: options.onTerminal } : {}),
      onStart: (running) => {
        pid = running.pid;
        pass = () => {
          running.kill(options.stopSignal?.() ?? spec.stopSignal);
          if (spec.stopTimeout >= 0) timer = setTimeout(() => running.kill("SIGKILL"), spec.stopTimeout * 1000);
        };
        if (signal.aborted) pass();
        else signal.addEventListener("abort", pass, { once: true });
        options.onStart?.(running);
      },
      onExecuted: () => {
        end = { state: "exited", exitCode: 137, ran: true };
        noted = ledger.started({ pid, started: startTime(pid) ?? "", ports, cgroups }) ?? undefined;
        if (noted) void noted.then(options.onStarted, () => undefined);
        else options.onStarted?.();
      },
    });
    await noted;
    log?.[Symbol.dispose]();
    const outOfMemory = result.exitCode === 137 && memoryKills(cgroups) > 0 ? "killed, because its memory was used up" : "";
    end = result.failure === undefined
      ? { state: "exited", exitCode: result.exitCode, ran: true, error: [outOfMemory, log?.loss ?? ""].filter((text) => text !== "").join("; ") }
      : { state, exitCode: result.exitCode, ran: false, error: result.message ?? "" };
    return result;
  } catch (error) {
    end = { ...end, error: (error as Error).message };
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", pass);
    removeCgroups(cgroups);
    removeFreezer(`sampan-${id}`);
    removeQuietly(temporary);
    await ledger.ended(end);
  }
}

/** The next start empties it too. */
function removeQuietly(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Something is still mounted there, for as long as it takes to die.
  }
}
