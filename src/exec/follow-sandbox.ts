import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTerminalSize } from "../linux/terminal.ts";
import type { RunJob, RunOptions } from "./run-job.ts";
import type { Sandbox, SandboxEnd } from "./sandbox.ts";
import { TerminalLink } from "./terminal-link.ts";

/**
 * Gives a sandbox child that is ready its job and follows it to its end: standard input goes in, the output comes out.
 * @param begin hands the job over, together with the answers that it is given
 */
export async function followSandbox(
  sandbox: Sandbox,
  { stdin, terminal }: Pick<RunJob, "stdin" | "terminal">,
  options: RunOptions,
  begin: (answers: NonNullable<Parameters<Sandbox["begin"]>[1]>) => void,
): Promise<SandboxEnd> {
  using link = terminal ? new TerminalLink(stdin, options.onOutput) : undefined;
  let executed: Promise<void> | undefined;
  begin({
    terminal: ({ fd }) => {
      const terminal = sandbox.takeDescriptor(fd);
      link!.connect(terminal);
      options.onTerminal?.((columns, rows) => setTerminalSize(terminal, columns, rows));
    },
    executing: ({ fd }) => {
      executed = closedEmpty(sandbox.takeDescriptor(fd)).then((really) => void (really && options.onExecuted?.()));
    },
  });
  if (stdin !== "null" && !terminal) void feed(sandbox, stdin === "inherit" ? process.stdin : stdin);
  const [end] = await Promise.all([sandbox.ended, drain(sandbox, "stdout", options), drain(sandbox, "stderr", options)]);
  await link?.drained();
  await executed;
  return end;
}

/** Whether a pipe was closed before anything came. */
async function closedEmpty(fd: number): Promise<boolean> {
  for await (const _data of createReadStream("", { fd })) return false;
  return true;
}

async function drain(sandbox: Sandbox, name: "stdout" | "stderr", { onOutput }: RunOptions): Promise<void> {
  for await (const data of sandbox[name]) await onOutput?.(name, data as Uint8Array);
}

async function feed(sandbox: Sandbox, source: Readable): Promise<void> {
  await pipeline(source, sandbox.stdin!).catch(() => undefined); // the command need not read all of it
}
