import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { Socket } from "node:net";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { NestedNamespace } from "../linux/nested-namespace.ts";
import { createPipe } from "../linux/pipe.ts";
import { entryUrl } from "../std/sources.ts";
import { BOUND, launchWords } from "./launch-words.ts";
import { Sandbox } from "./sandbox.ts";
import { startedProcess } from "./started-process.ts";

// Process 1 of an outer PID namespace is a shell that nothing inside can disarm: when this process ends, however
// that comes, the kernel kills the shell and with it both namespaces. A setuid program as the command itself
// would lose its own death signal. The shell, and not unshare, hands the exit status on: unshare of util-linux 2.38
// reports every death by a signal as status 1, its own too: the shell says when it hands one on. Its messages ("Killed") are nobody's output.
export const OUTER = ["--pid", "--fork", "--kill-child=KILL"];
const INNER = ["--pid", "--mount", "--ipc", "--uts", "--propagation", "private"];
const WAIT = 'exec 9>&2 2>/dev/null; (exec "$@" 2>&9 9>&-); status=$?; echo "{\\"kind\\":\\"waited\\"}" >&3; exit $status';
const SHELL = ["/bin/sh", "-c", WAIT, "sampan"];

/**
 * Starts a sandbox child in namespaces of its own; it dies with this process.
 * @param stdin what the command reads: nothing, or a pipe from this process. A descriptor of ours would be a way out:
 *   by /proc/self/fd/0 a command can write to a file that it is given to read, and enter a folder.
 * @param namespace a user namespace to make everything in
 * @param options.kind what the child becomes: the command in a container that it makes, or an OCI runtime.
 * @param options.init whether process 1 is a shell, which waits for the command and for all processes that lose their parents; it
 *   has all rights, so nothing in there may be able to trace it
 */
export function spawnSandbox(stdin: "null" | "pipe", { kind = "sandbox", namespace, init = false }: { kind?: "sandbox" | "oci"; namespace?: NestedNamespace | undefined; init?: boolean } = {}): Sandbox {
  const input = stdin === "pipe" ? createPipe() : undefined;
  const [output, errors] = [createPipe(), createPipe()];
  const entry = fileURLToPath(entryUrl(`exec/${kind}-entry.ts`));
  const [program, ...words] = launchWords(
    [...BOUND, "unshare", ...OUTER, "--", "unshare", ...INNER, "--", ...SHELL, ...(init ? SHELL : []), process.execPath, "--no-warnings", entry],
    { descriptors: 4, namespace },
  );
  const child: ChildProcess = spawn(program, words, {
    stdio: [input?.read ?? "ignore", output.write, errors.write, "pipe"],
    env: childEnvironment(),
    cwd: "/",
    detached: true, // a terminal's Ctrl-C must not reach it behind our back
  });
  for (const fd of [input?.read, output.write, errors.write]) if (fd !== undefined) closeSync(fd);
  return new Sandbox({ ...startedProcess(child), tellsEnd: true }, sandboxStreams(input, output, errors));
}

type Pipe = ReturnType<typeof createPipe>;

/** This process's ends of the pipes that a child's standard descriptors are. */
export function sandboxStreams(input: Pipe | undefined, output: Pipe, errors: Pipe): { stdin: Socket | undefined; stdout: Socket; stderr: Socket } {
  return {
    stdin: input && new Socket({ fd: input.write, readable: false, writable: true }),
    stdout: new Socket({ fd: output.read, readable: true, writable: false }),
    stderr: new Socket({ fd: errors.read, readable: true, writable: false }),
  };
}

/** What the child needs to start, and nothing else of this process's environment. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  const cache = getCompileCacheDir();
  return {
    PATH: [...(PATH ? [PATH] : []), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"].join(":"),
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
    ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
  };
}
