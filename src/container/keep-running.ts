import { setTimeout as delay } from "node:timers/promises";
import { PassThrough } from "node:stream";
import type { RunResult } from "../exec/run-job.ts";
import type { ContainerRecord } from "../store/container-record.ts";
import { serveAttach } from "./attach-socket.ts";
import { listenForControl } from "./control.ts";
import { makeSources } from "./make-sources.ts";
import { pauseBefore, startsAgain } from "./restart-policy.ts";
import { supervise, type ContainerEnd, type Ledger, type SuperviseOptions } from "./supervise.ts";

const SIGKILL = 9;

export interface KeepRunningOptions extends Omit<SuperviseOptions, "ledger" | "stdin" | "onTerminal"> {
  /** `attached`: what those who are attached to it say, where it was made with -i. */
  readonly stdin: SuperviseOptions["stdin"] | "attached";
  readonly ledger: Ledger & {
    /** It has ended, and is going to be started again; `restarts` counts that start. */
    restarting(end: ContainerEnd, restarts: number): void | Promise<void>;
  };
}

/**
 * Runs a container to its end, and again as long as its restart policy says so and nobody has asked it to end.
 * Listens for what other commands ask meanwhile. @returns how it ended for the last time
 */
export async function keepRunning(record: ContainerRecord, options: KeepRunningOptions): Promise<RunResult> {
  const { ledger, signal } = options;
  const { restart = { name: "no", retries: 0 }, stopSignal } = record.spec;
  makeSources(record.spec.job.mounts);
  const wake = new AbortController();
  let kill: ((signal: number) => void) | undefined;
  let asked: number | undefined;
  const stop = (number: number): void => {
    asked ??= number;
    wake.abort();
    kill?.(number);
  };
  // As in docker, a signal that means its end is one, whoever sends it.
  using _control = listenForControl(options.folder, { stop, kill: (number) => (number === SIGKILL || number === stopSignal ? stop(number) : kill?.(number)) });
  using attached = serveAttach(options.folder);
  let last: ContainerEnd | undefined;
  let pause = 0;
  for (let restarts = 0; ; restarts += 1) {
    const begun = Date.now();
    last = undefined;
    const ended = async (end: ContainerEnd): Promise<void> => {
      kill = undefined;
      if (!end.ran || asked !== undefined || signal.aborted || !startsAgain(restart, { exitCode: end.exitCode, restarts })) return await ledger.ended(end);
      last = end;
      await ledger.restarting(end, restarts + 1);
    };
    // A stream ends with the run that it was for.
    const input = options.stdin === "attached" && record.spec.interactive ? new PassThrough() : undefined;
    attached.begin(input);
    const result = await supervise(restarts === 0 ? record : { ...record, startedAt: begun }, {
      ...options,
      stdin: options.stdin === "attached" ? (input ?? "null") : options.stdin,
      onOutput: (stream, data) => {
        attached.show(stream, data);
        return options.onOutput?.(stream, data);
      },
      onTerminal: (resize) => attached.setResize(resize),
      ledger: { started: (running) => ledger.started(running), ended },
      onStart: (running) => {
        kill = running.kill;
        if (asked !== undefined) running.kill(asked);
        options.onStart?.(running);
      },
    });
    attached.end();
    if (last === undefined) return result;
    pause = pauseBefore(pause, Date.now() - begun);
    await delay(pause, undefined, { signal: AbortSignal.any([signal, wake.signal]) }).catch(() => undefined);
    if (asked === undefined && !signal.aborted) continue;
    await ledger.ended(last);
    return result;
  }
}
