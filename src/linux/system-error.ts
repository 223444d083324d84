import { getSystemErrorMap } from "node:util";
import { errno } from "./libc.ts";

/** Throws what a failed C call left in errno as an error like those of node:fs: `code`, `errno`, `syscall`, `path`. */
export function throwErrno(syscall: string, path?: string): never {
  const number = errno();
  const [code, text] = getSystemErrorMap().get(-number) ?? [`E${number}`, "unknown error"];
  const where = path === undefined ? "" : ` '${path}'`;
  throw Object.assign(new Error(`${code}: ${text}, ${syscall}${where}`), { errno: -number, code, syscall, path });
}
