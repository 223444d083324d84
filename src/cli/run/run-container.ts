import { constants } from "node:os";
import { containerRoot } from "../../container/container-root.ts";
import { supervise } from "../../container/supervise.ts";
import { fault, isFault, type FaultDetails } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";

/** Signals that are passed on to the command besides those that end this process. */
const PASSED = ["SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGCONT", "SIGALRM"] as const;

/**
 * Runs a container in the foreground: its output goes to our own streams, Ctrl-C and signals are passed on to it.
 * @returns the command's exit status
 * @throws COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, and what setting it up throws
 */
export async function runContainer(store: Store, record: ContainerRecord, options: { io: Io; signal: AbortSignal; stdin: boolean; output?: boolean }): Promise<number> {
  const { io, signal } = options;
  const { id } = record;
  using passing = new DisposableStack();
  try {
    const { exitCode, failure, message } = await supervise(record, {
      folder: store.containers.folder(id),
      root: containerRoot(store, record),
      stdin: options.stdin ? "inherit" : "null",
      signal,
      stopSignal: () => signalNumber(signal.reason),
      ledger: { started: (running) => store.containers.started(id, running), ended: (end) => store.containers.ended(id, end) },
      onOutput: (stream, data) => (options.output === false ? undefined : writeAll(stream === "stdout" ? io.stdout : io.stderr, data)),
      onStart: ({ kill }) => {
        for (const name of PASSED) {
          const pass = (): void => kill(name);
          process.on(name, pass);
          passing.defer(() => process.off(name, pass));
        }
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

/** Writes and waits while the stream's reader is slow. */
function writeAll(stream: NodeJS.WriteStream, data: Uint8Array): Promise<void> | void {
  if (stream.write(data)) return;
  return new Promise((resolve) => stream.once("drain", resolve));
}
