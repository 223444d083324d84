import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { NestedNamespace } from "../linux/nested-namespace.ts";
import { openProcess, takeDescriptor } from "../linux/pidfd.ts";
import { entryUrl } from "../std/sources.ts";
import { BOUND, launchWords } from "./launch-words.ts";
import { onReports } from "./on-reports.ts";
import { NOT_WANTED, type ZygoteReport } from "./sandbox-job.ts";
import { Sandbox, type SandboxProcess } from "./sandbox.ts";
import { childEnvironment, OUTER } from "./spawn-sandbox.ts";

/** With V8 12.4 (Node 22) one copy of a dozen dies by SIGSEGV before it becomes its command. */
export const CAN_COPY = Number.parseInt(process.versions.v8, 10) >= 13;

const KILLED = 128 + 9;
export interface ZygoteOptions {
  /** How long it may take to start, to answer, and to bring a copy up, in milliseconds each; it takes some ten. */
  readonly patience?: number;
  /** The program that it runs. */
  readonly entry?: string;
}

/**
 * A process that makes sandbox children by copying itself (zygote-entry.ts): the first one takes as long as one that is
 * started by itself, each further one some milliseconds. They die with it, and it dies with this process.
 */
export class SandboxZygote {
  readonly #patience: number;
  readonly #child: ChildProcess;
  readonly #channel: Socket;
  readonly #reports: ZygoteReport[] = [];
  readonly #gone = new Error("the zygote of the sandboxes has ended");
  /** What is done when a child ends, by its number as the zygote sees it. */
  readonly #exits = new Map<number, (exitCode: number) => void>();
  /** For the next child. */
  #exited: ((exitCode: number) => void) | undefined;
  #wake: (() => void) | undefined;
  #held = 0;
  /** It has ended, or does not do what it should: nothing more is asked of it. */
  #ended = false;
  #pidfd: number | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param namespace a user namespace to make all children in */
  constructor({ patience = 10_000, entry = fileURLToPath(entryUrl("exec/zygote-entry.ts")) }: ZygoteOptions = {}, namespace?: NestedNamespace) {
    this.#patience = patience;
    const [program, ...words] = launchWords([...BOUND, "unshare", ...OUTER, "--", process.execPath, "--no-warnings", entry], { descriptors: 4, namespace });
    this.#child = spawn(program, words, {
      stdio: ["ignore", "ignore", "ignore", "pipe"], env: childEnvironment(), cwd: "/",
      detached: true, // a terminal's Ctrl-C must not reach it behind our back
    });
    this.#channel = this.#child.stdio[3] as Socket;
    this.#channel.on("error", () => undefined).once("close", () => this.#end());
    this.#child.once("error", () => this.#end()).unref();
    onReports<ZygoteReport>(this.#channel, (report) => {
      if (report.kind === "copied") this.#exits.set(report.child, this.#exited!);
      if (report.kind === "exited") {
        this.#exits.get(report.child)?.(report.exitCode);
        this.#exits.delete(report.child);
        return;
      }
      // It answers after all, long after it was given up; it must not wait for an answer of ours.
      if (this.#ended) return void (report.kind === "descriptors" && this.#channel.write(NOT_WANTED));
      this.#reports.push(report);
      this.#wake?.();
    });
    this.#channel.unref();
  }

  /** A further child with nothing to read, which waits for its job. */
  fork(): Promise<Sandbox> {
    const forked = this.#last.then(() => this.#fork());
    this.#last = forked.catch(() => undefined);
    return forked;
  }

  /** Ends it and all its children. */
  close(): void {
    this.#child.kill("SIGKILL");
  }

  async #fork(): Promise<Sandbox> {
    if (this.#ended) throw this.#gone;
    this.#hold(1);
    let sandbox: Sandbox | undefined;
    try {
      this.#pidfd ??= openProcess((await this.#next("ready")).pid);
      this.#channel.write("\n");
      const { stdout, stderr, channel } = await this.#next("descriptors");
      const take = (fd: number): number => takeDescriptor(this.#pidfd!, fd);
      const readable = (fd: number): Socket => new Socket({ fd: take(fd), readable: true, writable: false });
      const exited = Promise.withResolvers<number>();
      const process = this.#copied(new Socket({ fd: take(channel), readable: true, writable: true }), exited.promise);
      sandbox = new Sandbox(process, { stdin: undefined, stdout: readable(stdout), stderr: readable(stderr) });
      this.#channel.write("\n");
      this.#exited = exited.resolve;
      await this.#next("copied");
      await this.#inTime(sandbox.ready);
      return sandbox;
    } catch (error) {
      sandbox?.destroy();
      throw error;
    } finally {
      this.#hold(-1);
    }
  }

  /**
   * A copy whose memory was in use by a thread that it does not have might never come up; one that is started by itself
   * does. Others that came up go on, but no further one is asked for.
   */
  async #inTime<Result>(work: Promise<Result>): Promise<Result> {
    const done = new AbortController();
    const late = sleep(this.#patience, undefined, { ref: false, signal: done.signal }).then(() => {
      this.#ended = true;
      throw this.#gone;
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
    }
  }

  #next<Kind extends ZygoteReport["kind"]>(kind: Kind): Promise<Extract<ZygoteReport, { kind: Kind }>> {
    return this.#inTime(this.#read(kind));
  }

  async #read<Kind extends ZygoteReport["kind"]>(kind: Kind): Promise<Extract<ZygoteReport, { kind: Kind }>> {
    while (this.#reports.length === 0) {
      if (this.#ended) throw this.#gone;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const report = this.#reports.shift()!;
    if (report.kind !== kind) throw this.#gone;
    return report as Extract<ZygoteReport, { kind: Kind }>;
  }

  #end(): void {
    this.#ended = true;
    if (this.#pidfd !== undefined) closeSync(this.#pidfd);
    this.#pidfd = undefined;
    for (const exit of [...this.#exits.values(), this.#exited]) exit?.(KILLED);
    this.#wake?.();
  }

  /** @param exited its exit status; the child is the zygote's, not this process's */
  #copied(channel: Socket, exited: Promise<number>): SandboxProcess {
    const closed = new Promise<void>((resolve) => channel.once("close", () => resolve()));
    const ended = Promise.all([exited, closed]);
    return {
      channel,
      onEnd: (listener) => void ended.then(([exitCode]) => listener(exitCode)),
      giveUp: () => void channel.destroy(),
      hold: (hold) => {
        if (!hold) return void channel.unref();
        channel.ref();
        this.#hold(1);
        void ended.then(() => this.#hold(-1));
      },
    };
  }

  /** This process stays as long as somebody waits for what the zygote says. */
  #hold(change: 1 | -1): void {
    this.#held += change;
    if (this.#held > 0) this.#channel.ref();
    else this.#channel.unref();
  }
}
