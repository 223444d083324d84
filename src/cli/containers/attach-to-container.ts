import { constants } from "node:os";
import { askSupervisor } from "../../container/control.ts";
import { encodeFrame, frameReader } from "../../container/attach-frames.ts";
import { connectToContainer } from "../../container/attach-socket.ts";
import { CleanupStack } from "../../std/cleanup-stack.ts";
import { fault, isFault, type FaultDetails } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";
import { detachFilter, parseDetachKeys } from "./detach-keys.ts";

export interface AttachOptions {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly stdin: boolean;
  readonly output: boolean;
  /** Whether signals that this process gets go to the container. */
  readonly passSignals: boolean;
  readonly detachKeys?: string | undefined;
}

/**
 * Joins our streams to a container that runs in the background, until it ends or somebody types the keys that detach.
 * @returns the container's exit status, 0 after detaching
 * @throws CONTAINER_NOT_RUNNING, NO_TERMINAL, USAGE
 */
export async function attachToContainer(store: Store, record: ContainerRecord, options: AttachOptions): Promise<number> {
  const { io, signal } = options;
  const { spec, name, id } = record;
  const { terminal } = spec.job;
  const keys = parseDetachKeys(options.detachKeys ?? "ctrl-p,ctrl-q");
  const talks = options.stdin && spec.interactive;
  if (record.state === "paused") throw fault("CONTAINER_PAUSED", { container: name, problem: "is paused: unpause it before attaching" });
  if (record.state !== "running") throw fault("CONTAINER_NOT_RUNNING", { container: name });
  if (talks && terminal && !process.stdin.isTTY) throw fault("NO_TERMINAL", { what: "attaching to a container with -t", hint: "use --no-stdin to see only what it says" });
  const folder = store.containers.folder(id);
  const socket = await connectToContainer(folder).catch(() => undefined);
  if (socket === undefined) throw fault("CONTAINER_NOT_RUNNING", { container: name });
  using ending = new CleanupStack();
  ending.defer(() => socket.destroy());
  const detached = Promise.withResolvers<"detached">();
  const ended = new Promise<"ended">((resolve) => socket.on("close", () => resolve("ended")).on("error", () => undefined));
  const read = frameReader((kind, data) => void (options.output && (kind === "stderr" ? io.stderr : io.stdout).write(data)));
  socket.on("data", read);
  if (terminal && io.stdout.isTTY) {
    const tell = (): void => void socket.write(encodeFrame("size", Buffer.from(`${process.stdout.columns} ${process.stdout.rows}`)));
    tell();
    process.stdout.on("resize", tell);
    ending.defer(() => void process.stdout.off("resize", tell));
  }
  if (talks) {
    const filter = terminal ? detachFilter(keys) : (typed: Uint8Array) => typed;
    const take = (chunk: Buffer): void => {
      const typed = filter(chunk);
      if (typed === undefined) return detached.resolve("detached");
      if (socket.write(encodeFrame("stdin", typed))) return;
      process.stdin.pause();
      socket.once("drain", () => process.stdin.resume());
    };
    if (terminal) process.stdin.setRawMode(true);
    process.stdin.on("data", take);
    ending.defer(() => {
      process.stdin.off("data", take).pause().unref();
      if (terminal) process.stdin.setRawMode(false);
    });
  }
  const interrupted = (): void => {
    if (options.passSignals) askSupervisor(folder, "kill", signalNumber(signal.reason));
    else detached.reject(signal.reason);
  };
  signal.addEventListener("abort", interrupted, { once: true });
  ending.defer(() => signal.removeEventListener("abort", interrupted));
  if ((await Promise.race([ended, detached.promise])) === "ended") return store.containers.get(id)?.exitCode ?? 0;
  io.stderr.write("read escape sequence\n");
  return 0;
}

function signalNumber(reason: unknown): number {
  const text = isFault(reason, "INTERRUPTED") ? (reason.details as FaultDetails<"INTERRUPTED">).signal : "";
  return constants.signals[(/SIG[A-Z]+/.exec(text)?.[0] ?? "SIGTERM") as NodeJS.Signals];
}
