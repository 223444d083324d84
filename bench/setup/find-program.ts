import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a program is: in PATH, where Debian puts daemons, or in the folder of peers that are no Debian packages. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", process.env["PEERS"] ?? "/opt/peers/bin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
