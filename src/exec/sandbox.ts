import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { openProcess, signalProcess, takeDescriptor } from "../linux/pidfd.ts";
import { onReports } from "./on-reports.ts";
import type { JoinJob, SandboxJob, SandboxReport } from "./sandbox-job.ts";
import { setupFailure } from "./setup-failure.ts";

/** The outermost process of a sandbox. */
export interface SandboxProcess {
  /** What this process and the child talk through. */
  readonly channel: Socket;
  /** Calls back when it has ended and all that it said has been read, perhaps with why it could not be started. */
  onEnd(listener: (exitCode: number, failure?: unknown) => void): void;
  /** Ends a sandbox that is not ready yet. */
  giveUp(): void;
  /** Whether its exit status is the command's only if that was said before: `waited`. */
  readonly tellsEnd?: boolean;
  /** Whether this process stays for as long as that one. */
  hold(hold: boolean): void;
}

/** What the child says that wants an answer before it goes on. */
type Question = Extract<SandboxReport, { kind: "network" | "terminal" | "executing" }>;
type Answers = { readonly [Kind in Question["kind"]]?: (question: Extract<Question, { kind: Kind }>) => void | Promise<void> };

/** How everything in a sandbox ended, and what the child had said before. */
export interface SandboxEnd {
  readonly exitCode: number;
  readonly reports: readonly SandboxReport[];
}

const SIGKILL = 9;
const KILLED = 128 + SIGKILL;

/** A sandbox child: it starts, waits for a job, becomes the command, ends. */
export class Sandbox {
  readonly stdin: Socket | undefined;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly #process: SandboxProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<SandboxEnd>();
  readonly #reports: SandboxReport[] = [];
  #answers: Answers = {};
  #failure: unknown;
  #pid: number | undefined;
  #pidfd: number | undefined;

  constructor(process: SandboxProcess, streams: { readonly stdin: Socket | undefined; readonly stdout: Socket; readonly stderr: Socket }) {
    this.#process = process;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    for (const promise of [this.#ready.promise, this.#ended.promise]) promise.catch(() => undefined); // nobody may be asking
    process.onEnd((exitCode, failure) => {
      this.#failure ??= failure;
      void this.#end(exitCode);
    });
    process.channel.on("error", () => undefined); // it died early, which its end tells
    onReports<SandboxReport>(process.channel, (report) => this.#hear(report));
    this.#hold(false);
  }

  /** Resolves when it waits for a job. @throws SANDBOX_FAILED, SANDBOX_TOOL_MISSING */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when everything in it has ended and its output has been read. */
  get ended(): Promise<SandboxEnd> {
    return this.#ended.promise;
  }

  /** The command's number on the host, once it is ready. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Until this is called, this process may end without it and take it along. */
  claim(): void {
    this.#hold(true);
  }

  /** Gives it its job, and the answers to what it may ask. Only once. */
  begin(job: SandboxJob | JoinJob, answers: Answers = {}): void {
    this.#answers = answers;
    this.#process.channel.write(`${JSON.stringify(job)}\n`);
  }

  /** A copy of one of its descriptors. */
  takeDescriptor(fd: number): number {
    return takeDescriptor(this.#pidfd!, fd);
  }

  kill(signal: number): void {
    if (this.#pidfd !== undefined) signalProcess(this.#pidfd, signal);
  }

  /** Ends everything in it at once. */
  destroy(): void {
    this.kill(SIGKILL);
    // Once the child is ready, the others follow it; before that there is only the outermost process to kill.
    if (this.#pidfd === undefined) this.#process.giveUp();
  }

  #hold(hold: boolean): void {
    this.#process.hold(hold);
    for (const handle of [this.stdout, this.stderr]) {
      if (hold) handle.ref();
      else handle.unref();
    }
  }

  #hear(report: SandboxReport): void {
    if (report.kind === "ready") this.#begun(report.pid);
    else if (report.kind === "network" || report.kind === "terminal" || report.kind === "executing") void this.#answer(report);
    else this.#reports.push(report);
  }

  #begun(pid: number): void {
    try {
      this.#pidfd = openProcess(pid);
    } catch (error) {
      // Whoever has ended it meanwhile did not wait for this; its end tells.
      if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
      this.#failure = error;
      return this.destroy();
    }
    this.#pid = pid;
    this.#ready.resolve();
  }

  async #answer(question: Question): Promise<void> {
    try {
      if (question.kind === "network") await this.#answers.network?.(question);
      else if (question.kind === "executing") await this.#answers.executing?.(question);
      else await this.#answers.terminal?.(question);
      this.#process.channel.write("\n");
    } catch (error) {
      this.#failure = error;
      this.destroy();
    }
  }

  async #end(exitCode: number): Promise<void> {
    if (this.#pidfd === undefined) this.#ready.reject(this.#failure ?? (await this.#startFailure(exitCode)));
    else closeSync(this.#pidfd);
    this.#pidfd = undefined;
    this.stdin?.destroy();
    if (this.#failure === undefined) this.#ended.resolve({ exitCode: this.#isKilled() ? KILLED : exitCode, reports: this.#reports });
    else this.#ended.reject(this.#failure);
  }

  /** Whether what waited for the command was killed, and all of it therefore. */
  #isKilled(): boolean {
    return this.#process.tellsEnd === true && !this.#reports.some(({ kind }) => kind === "waited");
  }

  /** What setpriv, unshare or Node said instead of starting the child. */
  async #startFailure(exitCode: number): Promise<Error> {
    const text = Buffer.concat((await this.stderr.toArray().catch(() => [])) as Buffer[]).toString("utf8").trim();
    return setupFailure("start", text === "" ? `its process ended with status ${exitCode}` : text);
  }
}
