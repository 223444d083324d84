import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { startRegistryProcess } from "./registry-process.ts";

/** `sampan registry serve` on a free loopback port, until the test ends, with more words of the command line. @returns `127.0.0.1:<port>` */
export async function serveRegistry(context: TestContext, ...words: readonly string[]): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "sampan-served-"));
  const { address, end } = await startRegistryProcess(context, root, ...words);
  context.after(async () => {
    await end("SIGTERM");
    rmSync(root, { recursive: true, force: true });
  });
  return address;
}
