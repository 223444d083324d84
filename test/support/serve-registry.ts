import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

/** `sampan registry serve` on a free loopback port, until the test ends, with more words of the command line. @returns `127.0.0.1:<port>` */
export async function serveRegistry(context: TestContext, ...words: readonly string[]): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "sampan-served-"));
  const child = spawn(process.execPath, [launcher, "registry", "serve", "--listen", "127.0.0.1:0", "--root", root, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  context.after(async () => {
    child.kill("SIGTERM");
    await exited;
    rmSync(root, { recursive: true, force: true });
  });
  for await (const line of createInterface(child.stdout)) {
    const address = /^listening on (.+)$/.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error("the registry ended before it was ready");
}
