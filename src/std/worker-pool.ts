import { getCompileCacheDir } from "node:module";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker, type Transferable } from "node:worker_threads";
import { reviveError, type PlainError } from "./plain-error.ts";
import { entryUrl, loadModule } from "./sources.ts";
import { BUSY, ENDING, FREE } from "./unstoppable.ts";

/**
 * Whole synchronous jobs in worker threads. A job is an exported function `(argument, context) => result`
 * of a module, named by its place below the sources; argument and result are structured clones. Many small files
 * through sync calls in a worker are 3–8 times faster than through promises.
 *
 * With `short`, the job runs on this thread unless a worker stands ready: to start one takes longer.
 *
 * When the signal is aborted, it rejects with its reason as soon as the thread has ended.
 *
 *     const summary = await inWorker<ApplyOptions, Applied>("layer/apply-layer.ts", "applyLayer", options)
 */
export async function inWorker<Argument, Result>(
  module: string,
  name: string,
  argument: Argument,
  options: { signal?: AbortSignal; onMessage?: (message: unknown) => void; short?: boolean } = {},
): Promise<Result> {
  options.signal?.throwIfAborted();
  // A worker takes about 100 ms to start and load its modules: a short job is done before that.
  if (options.short === true && !idle.some(({ ready }) => ready)) {
    const job = ((await loadModule(module)) as Record<string, (argument: Argument, context: WorkerContext) => Result>)[name]!;
    return job(argument, { report: (message) => options.onMessage?.(message) });
  }
  const slot = await acquire(options.signal);
  let aborted = false;
  try {
    return await new Promise<Result>((resolve, reject) => {
      // Until the thread has ended it may still write: whoever removes its files afterwards has to find all of them.
      const stop = (): void => {
        aborted = true;
        finish();
        const give = (): void => reject(options.signal!.reason);
        const stuck = setTimeout(give, STUCK);
        slot.worker.on("error", () => undefined);
        endThread(slot).finally(() => clearTimeout(stuck)).then(give, give);
      };
      const finish = (): void => {
        options.signal?.removeEventListener("abort", stop);
        slot.worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      };
      const onMessage = (message: FromWorker): void => {
        if (message.kind === "event") return options.onMessage?.(message.value);
        if (message.kind === "loaded") return;
        finish();
        if (message.kind === "done") resolve(message.value as Result);
        else reject(reviveError(message.error));
      };
      const onError = (error: Error): void => { aborted = true; finish(); reject(error); };
      const onExit = (): void => { aborted = true; finish(); reject(new Error("the worker thread ended early")); };
      options.signal?.addEventListener("abort", stop, { once: true });
      slot.worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      slot.worker.ref();
      slot.worker.postMessage({ module, name, argument } satisfies ToWorker);
    });
  } finally {
    slot.worker.unref();
    slot.ready = true;
    release(slot, aborted);
  }
}

/** Starts a worker ahead, with the module of its first job loaded, where none stands ready. */
export function warmWorker(module: string): void {
  if (idle.length > 0 || running >= LIMIT) return;
  running += 1;
  const slot = start();
  slot.worker.once("message", () => { slot.ready = true; });
  slot.worker.postMessage({ module } satisfies ToWorker);
  idle.push(slot);
}

/** What a job gets besides its argument: a way to report while it works. */
export interface WorkerContext {
  report(message: unknown): void;
}

/** Without a name the module is only loaded. */
export interface ToWorker { readonly module: string; readonly name?: string; readonly argument?: unknown }
export type FromWorker =
  | { readonly kind: "loaded" }
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "event"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: PlainError };

interface Slot {
  readonly worker: Worker;
  /** See unstoppable.ts. */
  readonly lock: Int32Array;
  /** Whether it has started and loaded a module. */
  ready: boolean;
  /** Ends it, while it is idle. */
  rest?: NodeJS.Timeout;
}

/** Milliseconds: a thread in a system call that does not come back, as on a mount that hangs, is not waited for. */
const STUCK = 2_000;
/** Milliseconds: a thread may be in a system call that does not come back when this process ends. */
const LONGEST_CALL = 500;
const LIMIT = Math.max(2, availableParallelism());
/** What jobs make and drop at once needs little room; a thread that may have more takes it, 48 MiB by default. */
const YOUNG_MIB = 12;
const YOUNG_OF_THREAD_MIB = 3;
/** A worker takes 15 MiB: one that has had nothing to do for so many milliseconds ends. */
const IDLE = 10_000;
const idle: Slot[] = [];
const waiting: { resolve: (slot: Slot) => void }[] = [];
let running = 0;
/** Of threads that have not ended. */
const locks = new Set<Int32Array>();

/** A thread of its own for one job that lasts and makes few objects; it does not keep the process alive. The job's end or failure is its last message. */
export function startThread(module: string, name: string, argument: unknown, transfer: readonly Transferable[]): Worker {
  const { worker } = start(YOUNG_OF_THREAD_MIB);
  worker.postMessage({ module, name, argument } satisfies ToWorker, transfer);
  return worker;
}

function start(young = YOUNG_MIB): Slot {
  const cache = getCompileCacheDir();
  // A worker has the compile cache by its environment only; without it, it takes three times as long to start.
  const env = cache === undefined ? {} : { env: { ...process.env, NODE_COMPILE_CACHE: dirname(cache) } };
  const lock = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(entryUrl("std/worker-entry.ts"), { ...env, workerData: lock, resourceLimits: { maxYoungGenerationSizeMb: young } });
  worker.unref();
  if (locks.size === 0) process.once("exit", stopThreads);
  locks.add(lock);
  worker.once("exit", () => {
    locks.delete(lock);
    if (locks.size === 0) process.off("exit", stopThreads);
  });
  return { worker, lock, ready: false };
}

/** This process ends, and with it all threads: none is to begin what it must not be ended in, and what it has begun takes some milliseconds. */
function stopThreads(): void {
  const latest = Date.now() + LONGEST_CALL;
  for (const lock of locks) while (Atomics.compareExchange(lock, 0, FREE, ENDING) === BUSY && Date.now() < latest) Atomics.wait(lock, 0, BUSY, 1);
}

/** Ends a thread as soon as it can be. */
async function endThread({ worker, lock }: Slot): Promise<void> {
  while (Atomics.compareExchange(lock, 0, FREE, ENDING) === BUSY) await sleep(1, undefined, { ref: false });
  await worker.terminate();
}

async function acquire(signal: AbortSignal | undefined): Promise<Slot> {
  const free = idle.findIndex(({ ready }) => ready);
  if (idle.length > 0) {
    const [slot] = idle.splice(Math.max(free, 0), 1) as [Slot];
    clearTimeout(slot.rest);
    return slot;
  }
  if (running < LIMIT) {
    running += 1;
    return start();
  }
  return new Promise<Slot>((resolve, reject) => {
    const entry = { resolve: (slot: Slot): void => { signal?.removeEventListener("abort", leave); resolve(slot); } };
    const leave = (): void => { waiting.splice(waiting.indexOf(entry), 1); reject(signal!.reason); };
    signal?.addEventListener("abort", leave, { once: true });
    waiting.push(entry);
  });
}

function release(slot: Slot, dead: boolean): void {
  const next = waiting.shift();
  if (dead) {
    if (next) next.resolve(start());
    else running -= 1;
  } else if (next) next.resolve(slot);
  else {
    idle.push(slot);
    slot.rest = setTimeout(() => {
      idle.splice(idle.indexOf(slot), 1);
      running -= 1;
      void endThread(slot);
    }, IDLE).unref();
  }
}
