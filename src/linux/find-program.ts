import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/** Folders where system programs lie even if an ordinary user's PATH does not name them. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Where a program is, by PATH and the folders of the system; a path with a slash is taken as it is. */
export function findProgram(name: string, path: string = process.env["PATH"] ?? ""): string | undefined {
  const candidates = name.includes("/") ? [name] : [...path.split(":").filter((folder) => folder !== ""), ...SYSTEM_FOLDERS].map((folder) => join(folder, name));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
