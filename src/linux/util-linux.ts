import { statSync } from "node:fs";
import { findProgram } from "./find-program.ts";

let found: boolean | undefined;

/**
 * Whether this machine has util-linux's own setpriv, unshare and nsenter. Those of busybox, as Alpine has them, know nothing of
 * a child that ends with its parent (`setpriv --pdeathsig`, `unshare --kill-child`).
 */
export function haveUtilLinux(): boolean {
  return (found ??= ["setpriv", "unshare", "nsenter"].every((name) => isWhole(name)));
}

/** Whether a program is there, and is not busybox under another name, be it by a link or as the same file. */
export function isWhole(name: string, path?: string): boolean {
  const [own, shared] = [name, "busybox"].map((each) => findProgram(each, path)).map((file) => file && statSync(file));
  return !!own && !(shared && own.ino === shared.ino && own.dev === shared.dev);
}
