import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { fault } from "../std/fault.ts";
import type { SandboxProcess } from "./sandbox.ts";

/** A sandbox whose outermost process this process has started, with the channel as its descriptor 3. */
export function startedProcess(child: ChildProcess): SandboxProcess {
  const channel = child.stdio[3] as Socket;
  return {
    channel,
    onEnd: (listener) => {
      child.once("error", (error: NodeJS.ErrnoException) => listener(125, error.code === "ENOENT" ? fault("SANDBOX_TOOL_MISSING", { tool: child.spawnfile }) : error));
      child.once("close", (code: number | null, signal: NodeJS.Signals | null) => listener(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
    },
    giveUp: () => {
      child.kill("SIGKILL");
      // What unshare has just forked does not follow it yet; it ends when it finds that there is no job for it.
      channel.destroy();
    },
    hold: (hold) => {
      for (const handle of [child, channel]) {
        if (hold) handle.ref();
        else handle.unref();
      }
    },
  };
}
