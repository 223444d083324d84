import type { FailedRun, OnFailedRun } from "../../build/failed-run.ts";
import { CleanupStack } from "../../std/cleanup-stack.ts";
import { fault } from "../../std/fault.ts";
import type { Io } from "../io.ts";
import { passSignals } from "../run/pass-signals.ts";
import { writeTo } from "../run/write-to.ts";

/** Before a build that may open a shell. @throws NO_TERMINAL */
export function needTerminal({ stdin, stdout }: Io): void {
  if (stdin.isTTY && stdout.isTTY) return;
  throw fault("NO_TERMINAL", { what: "--on-error shell", hint: "run it on a terminal, or leave --on-error away" });
}

/**
 * Opens a shell where the first RUN of a build failed: in its file system, with its environment, user, folder and mounts.
 * Others that fail meanwhile wait, since the first failure to be told ends the build.
 * @param onOpen gives the screen to the shell
 */
export function shellOnError({ io, signal, onOpen }: { io: Io; signal: AbortSignal; onOpen: () => void }): OnFailedRun {
  let opened: Promise<void> | undefined;
  return (failed) => (opened ??= openShell(failed, { io, signal, onOpen }));
}

async function openShell(failed: FailedRun, { io, signal, onOpen }: { io: Io; signal: AbortSignal; onOpen: () => void }): Promise<void> {
  onOpen();
  const shell = shellOf(failed.args);
  io.stderr.write(`\n${failed.name} failed: ${failed.error.message}\nThis is ${shell} where it failed; what you change is thrown away. \`exit\` ends the build.\n\n`);
  using passing = new CleanupStack();
  const { failure, message } = await failed.run(
    { args: [shell], stdin: "inherit", terminal: true, env: io.env["TERM"] === undefined ? [] : [`TERM=${io.env["TERM"]}`] },
    {
      signal,
      onOutput: (_stream, data) => writeTo(io.stdout, data),
      onStart: ({ kill }) => void passing.use(passSignals(kill)),
    },
  );
  if (failure !== undefined) io.stderr.write(`No shell can be opened: ${message ?? `${shell} is not in this stage`}\n`);
}

/** The shell that the RUN was for, where it was written in the shell form. */
function shellOf(args: readonly string[]): string {
  return args.length > 1 && args.at(-2) === "-c" ? args[0]! : "/bin/sh";
}
