import { mkdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { joinCgroups } from "../linux/cgroup.ts";
import { handlersPerNamespace, openNestedNamespace, type NestedNamespace } from "../linux/nested-namespace.ts";
import { insideUserNamespace } from "../linux/user-namespace.ts";
import { followSandbox } from "./follow-sandbox.ts";
import { removeStubs } from "./mount-stubs.ts";
import { connectByPasta, havePasta } from "./pasta.ts";
import { fault } from "../std/fault.ts";
import type { Executor, RunJob, RunOptions, RunResult } from "./run-job.ts";
import { runResult } from "./run-result.ts";
import { sandboxJob } from "./make-sandbox-job.ts";
import type { Sandbox } from "./sandbox.ts";
import { SandboxZygote, type ZygoteOptions } from "./sandbox-zygote.ts";
import { spawnSandbox } from "./spawn-sandbox.ts";

/** How long a command that handles SIGTERM may take to end, in milliseconds. */
const GRACE = 3000;

/**
 * Runs commands in sandbox children: namespaces by util-linux, everything else by a small Node child, which either
 * makes the container itself or hands a bundle to an OCI runtime.
 */
export class SandboxExecutor implements Executor {
  readonly runtime: string;
  readonly #kind: "sandbox" | "oci";
  readonly #temporary: string;
  readonly #staging: string;
  readonly #idle: Promise<Sandbox>[] = [];
  readonly #running = new Set<Sandbox>();
  #zygote: SandboxZygote | undefined;
  #closed = false;
  #nested: Promise<NestedNamespace | undefined> | undefined;

  readonly #zygoteOptions: ZygoteOptions;

  /** @param runtime `builtin`, or the path of an OCI runtime. */
  constructor(temporary: string, runtime: string, zygote: ZygoteOptions = {}) {
    this.runtime = runtime;
    this.#zygoteOptions = zygote;
    this.#kind = runtime === "builtin" ? "sandbox" : "oci";
    this.#temporary = temporary;
    this.#staging = join(temporary, "root");
    mkdirSync(this.#staging, { recursive: true, mode: 0o700 });
  }

  warm(count: number, followed = count): void {
    if (followed > 1 && this.#kind === "sandbox") this.#zygote ??= new SandboxZygote(this.#zygoteOptions);
    while (this.#idle.length > count) void this.#idle.pop()!.then((sandbox) => sandbox.destroy(), () => undefined);
    while (this.#idle.length < count) this.#startAhead();
  }

  async run(job: RunJob, options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const sandbox = await (job.emulator ? this.#takeEmulating(job) : this.#take(job));
    sandbox.claim();
    this.#running.add(sandbox);
    const stop = stopper(sandbox);
    options.signal?.addEventListener("abort", stop, { once: true });
    try {
      return await this.#runIn(sandbox, job, options);
    } catch (error) {
      sandbox.destroy();
      options.signal?.throwIfAborted();
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", stop);
      this.#running.delete(sandbox);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#zygote?.close();
    const idle = await Promise.allSettled(this.#idle.splice(0));
    const all = [...idle.flatMap((started) => (started.status === "fulfilled" ? [started.value] : [])), ...this.#running];
    for (const sandbox of all) {
      sandbox.claim();
      sandbox.destroy();
    }
    await Promise.allSettled(all.map(({ ended }) => ended));
    await (await this.#nested)?.[Symbol.asyncDispose]();
  }

  async #runIn(sandbox: Sandbox, job: RunJob, options: RunOptions): Promise<RunResult> {
    await sandbox.ready;
    options.signal?.throwIfAborted();
    await using network = new AsyncDisposableStack();
    const ports = job.ports ?? [];
    const ownNetwork = job.network === "default" && (insideUserNamespace() !== undefined || ports.length > 0) && havePasta();
    if (ports.length > 0 && !ownNetwork) throw fault("PORTS_IMPOSSIBLE", { problem: "pasta is not here or may not open /dev/net/tun" });
    joinCgroups(job.cgroups ?? [], sandbox.pid!);
    const container = this.#kind === "oci" ? { path: this.runtime, id: `sampan-${process.pid}-${sandbox.pid}` } : undefined;
    const announce = options.onExecuted !== undefined && container === undefined;
    const end = await followSandbox(sandbox, job, options, (answers) => {
      sandbox.begin(sandboxJob(job, { staging: this.#staging, ownNetwork, runtime: container, announce }), {
        ...answers,
        network: async () => void network.use(await connectByPasta(sandbox.pid!, this.#temporary, ports)),
      });
      options.onStart?.({ pid: sandbox.pid!, kill: (signal) => sandbox.kill(typeof signal === "number" ? signal : constants.signals[signal]) });
      if (!announce) options.onExecuted?.();
    });
    removeStubs(job.root.kind === "overlay" ? job.root.upper : job.root.path, end.reports.flatMap((report) => (report.kind === "stubs" ? report.stubs : [])));
    options.signal?.throwIfAborted();
    return runResult(end);
  }

  /** The kernel can be told of an emulator in a user namespace of one's own only, unless this is one already. */
  async #takeEmulating(job: RunJob): Promise<Sandbox> {
    if (insideUserNamespace() !== undefined || !handlersPerNamespace()) return this.#take(job);
    const namespace = await (this.#nested ??= openNestedNamespace());
    return spawnSandbox(job.stdin === "null" || job.terminal ? "null" : "pipe", { kind: this.#kind, namespace, init: job.init ?? false });
  }

  #take(job: RunJob): Promise<Sandbox> {
    const { init = false } = job;
    const piped = job.stdin !== "null" && !job.terminal;
    if (piped || init) return Promise.resolve(spawnSandbox(piped ? "pipe" : "null", { kind: this.#kind, init }));
    return this.#idle.shift() ?? this.#start();
  }

  async #start(): Promise<Sandbox> {
    try {
      if (this.#zygote) return await this.#zygote.fork();
    } catch (error) {
      if (this.#closed) throw error;
      // One that is started by itself works where copies do not, or tells why none can.
    }
    return spawnSandbox("null", { kind: this.#kind });
  }

  #startAhead(): void {
    const starting = this.#start();
    this.#idle.push(starting);
    const forget = (): void => {
      const at = this.#idle.indexOf(starting);
      if (at >= 0) this.#idle.splice(at, 1);
    };
    starting.then(({ ended }) => ended.then(forget, forget), forget);
  }
}

/** Ends a command: by SIGTERM where it listens to that, by SIGKILL otherwise and after the grace period. */
function stopper(sandbox: Sandbox): () => void {
  return () => {
    if (!handlesTerm(sandbox.pid)) return sandbox.destroy();
    sandbox.kill(constants.signals.SIGTERM);
    const timer = setTimeout(() => sandbox.destroy(), GRACE);
    const clear = (): void => clearTimeout(timer);
    sandbox.ended.then(clear, clear);
  };
}

/** Process 1 of a namespace is not ended by a signal that it does not handle; shells, for one, do not. */
function handlesTerm(pid: number | undefined): boolean {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return caught !== undefined && ((BigInt(`0x${caught}`) >> BigInt(constants.signals.SIGTERM - 1)) & 1n) === 1n;
  } catch {
    return false;
  }
}
