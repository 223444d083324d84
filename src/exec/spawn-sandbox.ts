import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { Socket } from "node:net";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createPipe } from "../linux/pipe.ts";
import { openProcess, signalProcess } from "../linux/pidfd.ts";
import { fault } from "../std/fault.ts";
import type { SandboxJob, SandboxReport } from "./sandbox-job.ts";

/** What the command's standard descriptors are: pipes to this process, or a descriptor to pass on. */
export interface SandboxInput {
  readonly stdin: "null" | "pipe" | number;
  /** Absent: two pipes. */
  readonly output?: number;
}

/** Reports that want an answer. */
export type Question = Extract<SandboxReport, { kind: "network" | "terminal" }>;

/** A sandbox child: started, waiting for a job, or with a command in it. */
export interface Sandbox {
  readonly stdin: Socket | undefined;
  readonly stdout: Socket | undefined;
  readonly stderr: Socket | undefined;
  /** From now on this process waits for it; before, it may end and take the sandbox with it. */
  claim(): void;
  /** Gives it its job; only once. */
  begin(job: SandboxJob): void;
  /** What to do when it asks something; then it goes on. */
  answer<Kind extends Question["kind"]>(kind: Kind, act: (question: Extract<Question, { kind: Kind }>) => void | Promise<void>): void;
  /** Resolves when it waits for a job. @throws SANDBOX_FAILED */
  readonly ready: Promise<void>;
  /** Resolves when everything in it has ended and all output has been read. */
  readonly ended: Promise<{ readonly exitCode: number; readonly reports: readonly SandboxReport[] }>;
  /** Sends a signal to the command. */
  kill(signal: number): void;
  /** The command's number on the host, once it is ready. */
  readonly pid: number | undefined;
  /** A pidfd of the command. */
  readonly process: number;
  /** Ends everything in it at once. */
  destroy(): void;
}

// Process 1 of an outer PID namespace is a shell that nothing inside can disarm: when this process ends, however
// that comes, the kernel kills the shell and with it both namespaces. A setuid program as the command itself
// would lose its own death signal. The shell's messages ("Killed") are nobody's output.
const INIT = `exec 9>&2 2>/dev/null
unshare --mount --pid --ipc --uts --fork --kill-child=KILL --propagation private -- "$@" 2>&9 9>&-
exit $?`;
const NODE_FLAGS = ["--no-warnings", "--disable-wasm-trap-handler", "--max-semi-space-size=1"];

/** Starts a sandbox child in namespaces of its own; it dies with this process. */
export function spawnSandbox({ stdin, output }: SandboxInput): Sandbox {
  const pipes = {
    stdin: stdin === "pipe" ? createPipe() : undefined,
    stdout: output === undefined ? createPipe() : undefined,
    stderr: output === undefined ? createPipe() : undefined,
  };
  const self = import.meta.url;
  const entry = fileURLToPath(new URL(self.endsWith(".ts") ? "./sandbox-entry.ts" : "./sandbox-entry.js", self));
  const child = spawn(
    "setpriv",
    [
      "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child=KILL", "--",
      "/bin/sh", "-c", INIT, "sampan", process.execPath, ...NODE_FLAGS, entry,
    ],
    {
      stdio: [
        pipes.stdin?.read ?? (stdin === "null" ? "ignore" : (stdin as number)),
        pipes.stdout?.write ?? output!,
        pipes.stderr?.write ?? output!,
        "pipe",
      ],
      env: childEnvironment(),
      cwd: "/",
      detached: true, // a terminal's Ctrl-C must not reach it behind our back
    },
  );
  for (const fd of [pipes.stdin?.read, pipes.stdout?.write, pipes.stderr?.write]) if (fd !== undefined) closeSync(fd);
  return new SandboxProcess(child, {
    stdin: pipes.stdin && new Socket({ fd: pipes.stdin.write, readable: false, writable: true }),
    stdout: pipes.stdout && new Socket({ fd: pipes.stdout.read, readable: true, writable: false }),
    stderr: pipes.stderr && new Socket({ fd: pipes.stderr.read, readable: true, writable: false }),
  });
}

function childEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  const { PATH = "", LD_LIBRARY_PATH } = process.env;
  return {
    PATH: `${PATH}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
    ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
  };
}

class SandboxProcess implements Sandbox {
  readonly stdin: Socket | undefined;
  readonly stdout: Socket | undefined;
  readonly stderr: Socket | undefined;
  readonly ready: Promise<void>;
  readonly ended: Promise<{ exitCode: number; reports: SandboxReport[] }>;
  pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #channel: Socket;
  readonly #reports: SandboxReport[] = [];
  readonly #answers = new Map<Question["kind"], (question: Question) => void | Promise<void>>();
  #process: number | undefined;

  constructor(child: ChildProcess, streams: { stdin: Socket | undefined; stdout: Socket | undefined; stderr: Socket | undefined }) {
    this.#child = child;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.#channel = child.stdio[3] as Socket;
    this.#channel.on("error", () => undefined); // a child that died early: its end is told by `ended`
    const started = Promise.withResolvers<void>();
    this.ready = started.promise;
    this.ready.catch(() => undefined);
    this.ended = new Promise((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        const reason = error.code === "ENOENT" ? fault("SANDBOX_TOOL_MISSING", { tool: "setpriv" }) : error;
        started.reject(reason);
        reject(reason);
      });
      child.once("close", (code: number | null) => {
        void this.#close();
        if (this.pid === undefined) void this.#explainStart(code).then(started.reject);
        resolve({ exitCode: code ?? 137, reports: this.#reports });
      });
    });
    this.ended.catch(() => undefined);
    let rest = "";
    this.#channel.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const message = JSON.parse(line) as SandboxReport;
        if (message.kind === "ready") {
          this.pid = message.pid;
          this.#process = openProcess(message.pid);
          started.resolve();
        } else if (message.kind === "network" || message.kind === "terminal") void this.#answerTo(message);
        else this.#reports.push(message);
      }
    });
    this.#hold(false);
  }

  claim(): void {
    this.#hold(true);
  }

  begin(job: SandboxJob): void {
    this.#channel.write(`${JSON.stringify(job)}\n`);
  }

  answer<Kind extends Question["kind"]>(kind: Kind, act: (question: Extract<Question, { kind: Kind }>) => void | Promise<void>): void {
    this.#answers.set(kind, act as (question: Question) => void | Promise<void>);
  }

  async #answerTo(question: Question): Promise<void> {
    try {
      await this.#answers.get(question.kind)?.(question);
      this.#channel.write("\n");
    } catch (error) {
      this.#reports.push({ kind: "failed", step: question.kind, message: (error as Error).message });
      this.destroy();
    }
  }

  get process(): number {
    return this.#process!;
  }

  kill(signal: number): void {
    if (this.#process !== undefined) signalProcess(this.#process, signal);
  }

  destroy(): void {
    this.kill(9);
    this.#child.kill("SIGKILL");
  }

  /** An idle sandbox must not keep this process from ending. */
  #hold(hold: boolean): void {
    for (const handle of [this.#child, this.#channel, this.stdout, this.stderr]) {
      if (hold) handle?.ref();
      else handle?.unref();
    }
  }

  #close(): void {
    if (this.#process !== undefined) closeSync(this.#process);
    this.#process = undefined;
    this.stdin?.destroy();
  }

  async #explainStart(code: number | null): Promise<Error> {
    const text = this.stderr === undefined ? "" : Buffer.concat(await this.stderr.toArray() as Buffer[]).toString("utf8").trim();
    return fault("SANDBOX_FAILED", { step: "start", problem: text === "" ? `the sandbox process ended with status ${code}` : text });
  }
}
