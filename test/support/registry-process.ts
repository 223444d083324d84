import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";

const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

export interface RegistryProcess {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  readonly pid: number;
  /** Sends the signal, and resolves when the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** `sampan registry serve` on a free loopback port and a folder, with more words of the command line, in a process to be ended; it ends with the test at the latest. */
export async function startRegistryProcess(context: TestContext, root: string, ...words: readonly string[]): Promise<RegistryProcess> {
  const child = spawn(process.execPath, [launcher, "registry", "serve", "--listen", "127.0.0.1:0", "--root", root, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const end = (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    return exited;
  };
  context.after(() => (child.exitCode === null && child.signalCode === null ? end("SIGKILL") : undefined));
  for await (const line of createInterface(child.stdout)) {
    const address = /^listening on (.+)$/.exec(line)?.[1];
    if (address !== undefined) return { address, pid: child.pid!, end };
  }
  throw new Error("the registry ended before it was ready");
}
