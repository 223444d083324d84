import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SampanOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with the child, to send it signals. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** The real binary with a store and files for logins of its own, which go with the test. */
export function scratchSampan(context: TestContext): { folder: string; root: string; sampan: (words: readonly string[], options?: SampanOptions) => Promise<Finished> } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-cli-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, "store");
  const own = { SAMPAN_ROOT: root, DOCKER_CONFIG: join(folder, "docker"), DOCKER_AUTH_CONFIG: "", REGISTRY_AUTH_FILE: join(folder, "auth.json"), SAMPAN_DEBUG: "", NO_COLOR: "1" };
  return { folder, root, sampan: (words, options = {}) => runSampan(words, { ...options, env: { ...own, ...options.env } }) };
}

/** Runs the binary to its end. */
export function runSampan(words: readonly string[], { input = "", cwd, env, onStart }: SampanOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, ...words], { ...(cwd ? { cwd } : {}), env: { ...process.env, ...env }, stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    // A command that does not read its input closes it early.
    child.stdin.on("error", () => undefined).end(input);
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }));
    onStart?.(child);
  });
}
