import { mkdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fault } from "../std/fault.ts";
import { takeDescriptor } from "../linux/pidfd.ts";
import { findHostBundle } from "./host-certificates.ts";
import { hostsFile } from "./hosts-file.ts";
import { removeStubs } from "./mount-stubs.ts";
import { resolvConf } from "./resolv-conf.ts";
import type { Executor, RunJob, RunOptions, RunResult } from "./run-job.ts";
import type { SandboxJob, SandboxReport } from "./sandbox-job.ts";
import { TerminalLink } from "./terminal-link.ts";
import { spawnSandbox, type Sandbox } from "./spawn-sandbox.ts";

/** How long a command that handles SIGTERM may take to end, in milliseconds. */
const GRACE = 3000;

/** The built-in sandbox: namespaces by util-linux, everything else by a small Node child (docs/ARCHITECTURE.md, exec). */
export class BuiltinExecutor implements Executor {
  readonly runtime = "builtin";
  readonly #staging: string;
  readonly #idle: Sandbox[] = [];
  readonly #running = new Set<Sandbox>();
  #target = 0;

  constructor(temporary: string) {
    this.#staging = join(temporary, "root");
    mkdirSync(this.#staging, { recursive: true, mode: 0o700 });
  }

  warm(count: number): void {
    this.#target = count;
    while (this.#idle.length > count) this.#idle.pop()!.destroy();
    while (this.#idle.length < count) this.#startAhead();
  }

  async run(job: RunJob, options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const sandbox = this.#take(job);
    this.#running.add(sandbox);
    sandbox.claim();
    const stop = stopper(sandbox);
    options.signal?.addEventListener("abort", stop, { once: true });
    try {
      await sandbox.ready;
      using terminal = job.terminal ? new TerminalLink(job.stdin, options.onOutput) : undefined;
      if (terminal) sandbox.answer("terminal", ({ fd }) => terminal.connect(takeDescriptor(sandbox.process, fd)));
      sandbox.begin(this.#sandboxJob(job));
      options.onStart?.({ kill: (signal) => sandbox.kill(constants.signals[signal]) });
      const [end] = await Promise.all([sandbox.ended, ...streams(sandbox, job, options)]);
      await terminal?.drained();
      removeStubs(job.root.kind === "overlay" ? job.root.upper : job.root.path, stubsOf(end.reports));
      options.signal?.throwIfAborted();
      return result(end.exitCode, end.reports);
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
    this.#target = 0;
    const all = [...this.#idle.splice(0), ...this.#running];
    for (const sandbox of all) {
      sandbox.claim();
      sandbox.destroy();
    }
    await Promise.allSettled(all.map(({ ended }) => ended));
  }

  #take(job: RunJob): Sandbox {
    const plain = job.stdin === "null" || job.terminal;
    const ready = plain ? this.#idle.shift() : undefined;
    if (plain && this.#idle.length < this.#target) this.#startAhead();
    if (ready) return ready;
    if (job.stdin === "inherit") return spawnSandbox({ stdin: 0 });
    return spawnSandbox({ stdin: job.stdin === "null" ? "null" : "pipe" });
  }

  #startAhead(): void {
    const sandbox = spawnSandbox({ stdin: "null" });
    this.#idle.push(sandbox);
    sandbox.ended.finally(() => {
      const at = this.#idle.indexOf(sandbox);
      if (at >= 0) this.#idle.splice(at, 1);
    }).catch(() => undefined);
  }

  #sandboxJob(job: RunJob): SandboxJob {
    const bundle = job.hostCertificates ? findHostBundle() : undefined;
    return {
      staging: this.#staging,
      root: job.root,
      readonlyRoot: job.readonlyRoot ?? false,
      args: job.args,
      env: job.env,
      cwd: job.cwd,
      user: job.user,
      hostname: job.hostname,
      network: job.network === "none" ? "none" : "host",
      files: [
        { target: "/etc/resolv.conf", content: resolvConf(false) },
        { target: "/etc/hosts", content: hostsFile(job.hostname, job.extraHosts) },
      ],
      mounts: job.mounts,
      tmpfs: job.tmpfs ?? [],
      ...(bundle === undefined ? {} : { certificates: bundle }),
      terminal: job.terminal,
      ownDescriptors: job.terminal || job.stdin instanceof Readable ? [0, 1, 2] : [1, 2],
    };
  }
}

function streams(sandbox: Sandbox, job: RunJob, { onOutput }: RunOptions): Promise<void>[] {
  const read = async (name: "stdout" | "stderr"): Promise<void> => {
    for await (const data of sandbox[name] ?? []) await onOutput?.(name, data as Uint8Array);
  };
  const write = async (source: Readable): Promise<void> => {
    await pipeline(source, sandbox.stdin!).catch(() => undefined); // the command need not read all of it
  };
  if (job.stdin instanceof Readable && !job.terminal) void write(job.stdin);
  return [read("stdout"), read("stderr")];
}

/** Ends a command: by SIGTERM where it listens to that, by SIGKILL otherwise and after the grace period. */
function stopper(sandbox: Sandbox): () => void {
  return () => {
    if (!handlesTerm(sandbox.pid)) return sandbox.destroy();
    sandbox.kill(constants.signals.SIGTERM);
    const timer = setTimeout(() => sandbox.destroy(), GRACE);
    sandbox.ended.finally(() => clearTimeout(timer)).catch(() => undefined);
  };
}

/** Process 1 of a namespace is not ended by a signal that it does not handle. */
function handlesTerm(pid: number | undefined): boolean {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return caught !== undefined && ((BigInt(`0x${caught}`) >> 14n) & 1n) === 1n;
  } catch {
    return false;
  }
}

function stubsOf(reports: readonly SandboxReport[]) {
  return reports.flatMap((report) => (report.kind === "stubs" ? report.stubs : []));
}

function result(exitCode: number, reports: readonly SandboxReport[]): RunResult {
  for (const report of reports) {
    if (report.kind === "failed") throw fault("SANDBOX_FAILED", { step: report.step, problem: report.message });
    if (report.kind === "noUser") throw fault("USER_NOT_FOUND", { user: report.user, problem: report.problem });
    if (report.kind === "notStarted") {
      return { exitCode: report.failure === "notFound" ? 127 : 126, failure: report.failure, message: report.message };
    }
  }
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return signal === undefined ? { exitCode } : { exitCode, signal: signal as NodeJS.Signals };
}
