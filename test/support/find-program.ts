import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a program of others is: in PATH, where Debian puts daemons, or in the folder `$PEERS` of those that are no Debian packages. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", ...(process.env["PEERS"] ? [process.env["PEERS"]] : [])];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
