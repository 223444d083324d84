import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { kernelHas } from "./kernel-version.ts";
import { insideUserNamespace } from "./user-namespace.ts";

/** A user namespace that a child of this process holds open. */
export interface NestedNamespace extends AsyncDisposable {
  /** For nsenter. */
  readonly path: string;
}

/** Whether user namespaces can have handlers for programs of their own (Linux 6.7). */
export function handlersPerNamespace(kernel?: string): boolean {
  return kernelHas("6.7", kernel);
}

/** The kernel can be told of handlers in a user namespace of one's own only, unless this is one already. */
export function handlersWantNamespace(): boolean {
  return insideUserNamespace() === undefined && handlersPerNamespace();
}

/** Makes a user namespace below this one in which all ids are what they are here; undefined where that is not allowed. */
export async function openNestedNamespace(): Promise<NestedNamespace | undefined> {
  // The shell ends with this process, whose end of the pipe it reads from.
  const holder = spawn("unshare", ["--user", "--", "/bin/sh", "-c", "echo; read -r _"], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(holder, "close").catch(() => undefined);
  holder.stdin.on("error", () => undefined);
  const close = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
  };
  const ready = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!ready || holder.pid === undefined) return undefined;
  try {
    for (const map of ["uid_map", "gid_map"]) writeFileSync(`/proc/${holder.pid}/${map}`, "0 0 4294967295\n");
  } catch {
    await close();
    return undefined;
  }
  return { path: `/proc/${holder.pid}/ns/user`, [Symbol.asyncDispose]: close };
}
