import { createExecutor } from "../../exec/create-executor.ts";
import type { RunJob, RunResult } from "../../exec/run-job.ts";
import { isFault, type FaultDetails } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";

/** How long a command may take to end after it was told to, in milliseconds; docker's `stop` waits as long. */
const GRACE = 10_000;

/**
 * Runs a command on a fresh layer over a snapshot, which is thrown away afterwards. Its output goes to our own
 * streams; Ctrl-C and SIGTERM are passed on to it.
 */
export async function runContainer(
  store: Store,
  snapshot: string | undefined,
  job: Omit<RunJob, "root">,
  options: { runtime: string; io: Io; signal: AbortSignal },
): Promise<RunResult> {
  const { io, signal } = options;
  const active = store.snapshots.prepare(snapshot);
  let timer: NodeJS.Timeout | undefined;
  try {
    await using executor = await createExecutor({ runtime: options.runtime, temporary: store.temporary });
    signal.throwIfAborted();
    return await executor.run(
      { ...job, root: { kind: "overlay", lowers: active.lowers, upper: active.upper, work: active.work } },
      {
        onOutput: (stream, data) => writeAll(stream === "stdout" ? io.stdout : io.stderr, data),
        onStart: ({ kill }) => {
          const pass = (): void => {
            kill(signalName(signal.reason));
            timer = setTimeout(() => kill("SIGKILL"), GRACE);
          };
          if (signal.aborted) pass();
          else signal.addEventListener("abort", pass, { once: true });
        },
      },
    );
  } finally {
    clearTimeout(timer);
    await store.snapshots.discard(active);
  }
}

function signalName(reason: unknown): NodeJS.Signals {
  const text = isFault(reason, "INTERRUPTED") ? (reason.details as FaultDetails<"INTERRUPTED">).signal : "";
  return (/SIG[A-Z]+/.exec(text)?.[0] as NodeJS.Signals | undefined) ?? "SIGTERM";
}

/** Writes and waits while the stream's reader is slow. */
function writeAll(stream: NodeJS.WriteStream, data: Uint8Array): Promise<void> | void {
  if (stream.write(data)) return;
  return new Promise((resolve) => stream.once("drain", resolve));
}
