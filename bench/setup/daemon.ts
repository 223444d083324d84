import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface Daemon extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a daemon and waits until it answers. @throws Error with the end of its log */
export async function startDaemon(program: string, args: readonly string[], options: { log: string; answers: () => boolean | Promise<boolean> }): Promise<Daemon> {
  const log = openSync(options.log, "w");
  const child = spawn(program, args, { stdio: ["ignore", log, log], cwd: "/" });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()).once("error", () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.pid === undefined || child.exitCode !== null) return;
    child.kill("SIGTERM");
    if (await Promise.race([ended.then(() => true), sleep(10_000, false, { ref: false })])) return;
    child.kill("SIGKILL");
    await ended;
  };
  for (let attempt = 0; attempt < 300 && child.exitCode === null && child.pid !== undefined; attempt += 1) {
    if (await options.answers()) return { pid: child.pid, [Symbol.asyncDispose]: stop };
    await sleep(100);
  }
  await stop();
  throw new Error(`${program} did not start:\n${readFileSync(options.log, "utf8").trimEnd().split("\n").slice(-5).join("\n")}`);
}

