import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Move } from "./moving-child.ts";

/**
 * Moves a registry in a process of its own, which is killed (SIGKILL) so many milliseconds after it has begun, unless it has ended.
 * @returns whether it has ended, and how long it took
 * @throws what it says where it fails by itself
 */
export async function moveInChild(move: Move, killAfter = 60_000): Promise<{ ended: boolean; took: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "moving-child.ts"), JSON.stringify(move)], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit") as Promise<[number | null, string | null]>;
  let said = "";
  child.stderr.on("data", (text) => (said = `${said}${String(text)}`.slice(-4000)));
  await Promise.race([once(child.stdout, "data"), exited]);
  const begun = performance.now();
  const timer = setTimeout(() => child.kill("SIGKILL"), killAfter);
  const [status] = await exited;
  clearTimeout(timer);
  if (status !== null && status !== 0) throw new Error(`the move failed: ${said}`);
  return { ended: status === 0, took: performance.now() - begun };
}
