import { closeSync, constants, openSync, rmSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { makeNode } from "../linux/mknod.ts";

// A supervisor of an ordinary user lives in a user namespace of its own, and its container's processes belong to ids
// that other commands of the same user may not signal. So they ask the supervisor, by a named pipe that only the
// user may write to; a line each, `kill 10` or `stop 15`.
const NAME = "control";

/** What other commands ask a supervisor to do. */
export interface Control {
  kill(signal: number): void;
  /** The container is to end, by that signal, and not to be started again by itself. */
  stop(signal: number): void;
}

/** Listens for what other commands ask this supervisor to do. */
export function listenForControl(folder: string, control: Control): Disposable {
  const path = join(folder, NAME);
  rmSync(path, { force: true });
  makeNode(path, "fifo", 0o600);
  // Opened for writing too, so that it does not end when the first command closes it.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  let rest = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    const lines = (rest + text).slice(-4096).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [, verb, signal] = /^(kill|stop) (\d{1,2})$/.exec(line) ?? [];
      if (verb !== undefined) control[verb as keyof Control](Number(signal));
    }
  }).on("error", () => undefined);
  socket.unref();
  return {
    [Symbol.dispose](): void {
      socket.destroy();
      rmSync(path, { force: true });
    },
  };
}

/** Asks a container's supervisor to do something. @returns whether there is a supervisor */
export function askSupervisor(folder: string, verb: keyof Control, signal: number): boolean {
  let fd: number;
  try {
    fd = openSync(join(folder, NAME), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENXIO", "ENOENT"].includes((error as NodeJS.ErrnoException).code!)) return false;
    throw error;
  }
  try {
    writeSync(fd, `${verb} ${signal}\n`);
    return true;
  } finally {
    closeSync(fd);
  }
}
