import { fault } from "../../std/fault.ts";

/** @throws USAGE for what cannot be a container's name */
export function checkName(name: string): void {
  if (/^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) && name.length <= 255) return;
  throw fault("USAGE", { problem: `invalid container name ${JSON.stringify(name)}`, hint: "it has letters, digits, `_`, `.` and `-`, at least two of them, and begins with a letter or digit" });
}
