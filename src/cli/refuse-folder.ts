import { statSync } from "node:fs";
import { fault } from "../std/fault.ts";

/**
 * Stops where a file to read is a folder: Node opens it, and names no path when reading fails.
 * @throws FILE_PROBLEM, and what stat(2) says of a path that leads nowhere
 */
export function refuseFolder(path: string): void {
  if (statSync(path).isDirectory()) throw fault("FILE_PROBLEM", { path, problem: "it is a directory" });
}
