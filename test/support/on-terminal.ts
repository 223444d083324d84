import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

/** Why a terminal cannot be had here, or false. */
export const noTerminal: string | false = existsSync("/usr/bin/script") ? false : "needs script (Debian's bsdutils)";
/** Milliseconds until a command that waits for what is never typed is given up, with no status. */
const PATIENCE = 90_000;
const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

/** Runs the binary, or another program, on a terminal of 80 columns and 12 rows; `answers` are typed when the text before them has appeared. */
export function onTerminal(words: readonly string[], env: Readonly<Record<string, string>>, answers: readonly (readonly [string, string])[] = [], program: readonly string[] = [process.execPath, launcher]): Promise<{ status: number | null; screen: string }> {
  const quoted = [...program, ...words].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", `stty cols 80 rows 12; ${quoted}`, "/dev/null"], { env: { ...process.env, TERM: "xterm", SAMPAN_DEBUG: "", ...env }, stdio: ["pipe", "pipe", "inherit"] });
  const waiting = [...answers];
  let screen = "";
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    screen += chunk.toString();
    while (waiting[0] && screen.indexOf(waiting[0][0], seen) >= 0) {
      const [prompt, answer] = waiting.shift()!;
      seen = screen.indexOf(prompt, seen) + prompt.length;
      child.stdin.write(answer);
    }
  });
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(patience);
      resolve({ status, screen });
    });
  });
}
