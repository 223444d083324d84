import { execFileSync } from "node:child_process";

/** The files below a folder, a line each: path, type, mode, owner, size, link target and content, but no times. */
export function fileList(folder: string): string[] {
  const list = execFileSync("find", [".", "-printf", "%P %y %m %U:%G %l\\n"], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  const sums = execFileSync("sh", ["-c", "find . -type f -exec sha256sum {} +"], { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 });
  return [...list.split("\n"), ...sums.split("\n")].sort();
}
