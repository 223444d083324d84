import { spawn } from "node:child_process";
import { openSync, closeSync, readFileSync, unlinkSync } from "node:fs";
import { cpuOfProcess, cpuOfReapedChildren } from "./cpu-time.ts";
import { MemorySampler } from "./memory-sampler.ts";

/** A program with its arguments, as a user would type it. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Measured {
  /** Seconds from the first start to the last exit. */
  readonly wall: number;
  /** Seconds of user and system time: of the commands, and of the daemons meanwhile. */
  readonly cpu: number;
  /** MiB: the largest sum of the resident sets of the processes that were there at one time; 0 unless asked for. */
  readonly memory: number;
}

/**
 * Runs commands one after the other and measures them together.
 * @param options.signal ends the command that runs
 * @param options.daemons process ids of daemons whose time counts, too
 * @param options.log file that gets all output; it is removed when all went well
 * @throws Error with the end of the output when a command fails
 */
export async function runMeasured(commands: readonly Command[], options: { log: string; signal: AbortSignal; daemons?: readonly number[]; memory?: boolean }): Promise<Measured> {
  const daemons = options.daemons ?? [];
  const cpuBefore = cpuOfReapedChildren() + daemons.reduce((sum, pid) => sum + cpuOfProcess(pid), 0);
  const sampler = options.memory ? new MemorySampler() : undefined;
  const output = openSync(options.log, "w");
  const started = performance.now();
  try {
    for (const command of commands) {
      options.signal.throwIfAborted();
      await runOne(command, output, options, sampler);
    }
  } finally {
    closeSync(output);
    sampler?.stop();
  }
  const wall = (performance.now() - started) / 1000;
  unlinkSync(options.log);
  const cpuAfter = cpuOfReapedChildren() + daemons.reduce((sum, pid) => sum + cpuOfProcess(pid), 0);
  return { wall, cpu: cpuAfter - cpuBefore, memory: sampler?.peak ?? 0 };
}

function runOne({ program, args, env, cwd }: Command, output: number, { log, signal }: { log: string; signal: AbortSignal }, sampler: MemorySampler | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", output, output], env: { ...process.env, ...env }, ...(cwd ? { cwd } : {}) });
    if (child.pid !== undefined) sampler?.watch(child.pid);
    const stop = (): void => void child.kill();
    signal.addEventListener("abort", stop, { once: true });
    child.once("error", reject);
    child.once("exit", (code, killedBy) => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return reject(signal.reason as Error);
      if (code === 0) return resolve();
      const told = readFileSync(log, "utf8").trimEnd().split("\n").slice(-12).join("\n");
      reject(new Error(`${program} ${args.join(" ")} ended with ${killedBy ?? `status ${code}`}:\n${told}`));
    });
  });
}
