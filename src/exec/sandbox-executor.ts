import { mkdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { handlersWantNamespace, openNestedNamespace } from "../linux/nested-namespace.ts";
import { insideUserNamespace } from "../linux/user-namespace.ts";
import { followSandbox } from "./follow-sandbox.ts";
import { HOST_GATEWAY } from "./hosts-file.ts";
import { removeStubs } from "./mount-stubs.ts";
import { connectByPasta, havePasta } from "./pasta.ts";
import { AsyncCleanupStack } from "../std/cleanup-stack.ts";
import { fault } from "../std/fault.ts";
import type { Executor, RunJob, RunOptions, RunResult } from "./run-job.ts";
import { runResult } from "./run-result.ts";
import { sandboxJob } from "./make-sandbox-job.ts";
import type { Sandbox } from "./sandbox.ts";
import { SandboxStock } from "./sandbox-stock.ts";
import type { ZygoteOptions } from "./sandbox-zygote.ts";
import { staysInCgroup } from "./stays-in-cgroup.ts";

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
  readonly #running = new Set<Sandbox>();
  readonly #zygote: ZygoteOptions;
  readonly #stock: SandboxStock;
  /** For commands that are emulated, where these need a namespace of their own. */
  #emulating: Promise<SandboxStock> | undefined;

  /** @param runtime `builtin`, or the path of an OCI runtime. */
  constructor(temporary: string, runtime: string, zygote: ZygoteOptions = {}) {
    this.runtime = runtime;
    this.#zygote = zygote;
    this.#kind = runtime === "builtin" ? "sandbox" : "oci";
    this.#stock = new SandboxStock({ kind: this.#kind, zygote });
    this.#temporary = temporary;
    this.#staging = join(temporary, "root");
    mkdirSync(this.#staging, { recursive: true, mode: 0o700 });
  }

  warm(count: number, followed = count, emulated = false): void {
    if (!emulated) return this.#stock.warm(count, followed);
    // Whoever runs a command is told what is wrong. Without a namespace of their own, each is started when it is needed.
    this.#stockForEmulated().then((stock) => void (stock !== this.#stock && stock.warm(count, followed)), () => undefined);
  }

  async run(job: RunJob, options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const stock = job.emulator ? await this.#stockForEmulated() : this.#stock;
    const sandbox = await stock.take({ piped: job.stdin !== "null" && !job.terminal, init: job.init ?? false });
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
    const ended = [...this.#running].map((sandbox) => {
      sandbox.claim();
      sandbox.destroy();
      return sandbox.ended;
    });
    const emulating = await this.#emulating?.catch(() => undefined);
    await Promise.allSettled([this.#stock[Symbol.asyncDispose](), ...ended]);
    if (emulating !== this.#stock) await emulating?.[Symbol.asyncDispose]();
  }

  async #runIn(sandbox: Sandbox, job: RunJob, options: RunOptions): Promise<RunResult> {
    await sandbox.ready;
    options.signal?.throwIfAborted();
    await using network = new AsyncCleanupStack();
    const ports = job.ports ?? [];
    const ownNetwork = job.network === "default" && (insideUserNamespace() !== undefined || ports.length > 0) && havePasta();
    if (ports.length > 0 && !ownNetwork) throw fault("PORTS_IMPOSSIBLE", { problem: "pasta is not here or may not open /dev/net/tun" });
    const wantsHost = job.extraHosts.some(({ ip }) => ip === HOST_GATEWAY);
    // On the machine's own network, that is what its loopback is; without one there is no way.
    const gateway = !wantsHost || job.network === "none" ? undefined : ownNetwork ? (await import("./host-gateway.ts")).gatewayByPasta() : { address: "127.0.0.1", isNameServer: false };
    if (job.cgroups?.length) {
      const { isUnified, joinCgroups } = await import("../linux/cgroup.ts");
      // In version 2, a cgroup in which an OCI runtime makes one for the container has no processes of its own.
      const inside = this.#kind === "oci" && !staysInCgroup(this.runtime) && isUnified();
      if (!inside) for (const pid of [...(job.init ? [parentOf(sandbox.pid!)] : []), sandbox.pid!]) joinCgroups(job.cgroups, pid);
    }
    const container = this.#kind === "oci" ? { path: this.runtime, id: `sampan-${process.pid}-${sandbox.pid}` } : undefined;
    const announce = options.onExecuted !== undefined && container === undefined;
    const end = await followSandbox(sandbox, job, options, (answers) => {
      sandbox.begin(sandboxJob(job, { staging: this.#staging, ownNetwork, gateway: gateway?.address, runtime: container, announce }), {
        ...answers,
        network: async () => void network.use(await connectByPasta(sandbox.pid!, this.#temporary, { ports, gateway })),
      });
      options.onStart?.({ pid: sandbox.pid!, kill: (signal) => sandbox.kill(typeof signal === "number" ? signal : constants.signals[signal]) });
      if (!announce) options.onExecuted?.();
    });
    removeStubs(job.root.kind === "overlay" ? job.root.upper : job.root.path, end.reports.flatMap((report) => (report.kind === "stubs" ? report.stubs : [])));
    options.signal?.throwIfAborted();
    return runResult(end);
  }

  #stockForEmulated(): Promise<SandboxStock> {
    return (this.#emulating ??= this.#openEmulating());
  }

  async #openEmulating(): Promise<SandboxStock> {
    const namespace = handlersWantNamespace() ? await openNestedNamespace() : undefined;
    return namespace ? new SandboxStock({ kind: this.#kind, zygote: this.#zygote, namespace }) : this.#stock;
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

/** The shell that is process 1 of a container with --init: its children are in its cgroups, and it is to be no stranger to theirs. */
function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]);
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
