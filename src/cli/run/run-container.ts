import { constants } from "node:os";
import { containerRoot } from "../../container/container-root.ts";
import { keepRunning } from "../../container/keep-running.ts";
import { CleanupStack } from "../../std/cleanup-stack.ts";
import { fault, isFault, type FaultDetails } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { passSignals } from "./pass-signals.ts";
import { writeTo } from "./write-to.ts";

/**
 * Runs a container in the foreground: its output goes to our own streams, Ctrl-C and signals are passed on to it.
 * @returns the command's exit status
 * @throws COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, and what setting it up throws
 */
export async function runContainer(store: Store, record: ContainerRecord, options: { io: Io; signal: AbortSignal; stdin: boolean; output?: boolean }): Promise<number> {
  const { io, signal } = options;
  const { id } = record;
  using passing = new CleanupStack();
  try {
    const { exitCode, failure, message } = await keepRunning(record, {
      folder: store.containers.folder(id),
      root: containerRoot(store, record),
      stdin: options.stdin ? "inherit" : "null",
      signal,
      stopSignal: () => signalNumber(signal.reason),
      ledger: {
        started: (running) => store.containers.started(id, running),
        restarting: (end, restarts) => store.containers.restarting(id, end, restarts),
        ended: (end) => store.containers.ended(id, end),
      },
      onOutput: (stream, data) => (options.output === false ? undefined : writeTo(stream === "stdout" ? io.stdout : io.stderr, data)),
      onStart: ({ kill }) => {
        passing.use(passSignals(kill));
      },
    });
    if (failure === undefined) return exitCode;
    throw fault(failure === "notFound" ? "COMMAND_NOT_FOUND" : "COMMAND_NOT_EXECUTABLE", { command: record.spec.job.args[0]!, problem: message ?? "" });
  } finally {
    if (record.autoRemove) await store.containers.remove(id);
  }
}

function signalNumber(reason: unknown): number {
  const text = isFault(reason, "INTERRUPTED") ? (reason.details as FaultDetails<"INTERRUPTED">).signal : "";
  return constants.signals[(/SIG[A-Z]+/.exec(text)?.[0] ?? "SIGTERM") as NodeJS.Signals];
}
