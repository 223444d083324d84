import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fault } from "../std/fault.ts";
import { refuseFolder } from "./refuse-folder.ts";

/** A text file that a person wrote. @param shown what messages call it. @throws FILE_PROBLEM, and what open(2) says */
export function readText(path: string, shown: string, limit: number): string {
  refuseFolder(path);
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.min(limit + 1, Math.max(fstatSync(file).size + 1, 64 * 1024)));
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) read = readSync(file, bytes, length, bytes.length - length, null);
    if (length > limit) throw fault("FILE_PROBLEM", { path: shown, problem: `it has more than ${limit} bytes` });
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  } catch (error) {
    if (error instanceof TypeError) throw fault("FILE_PROBLEM", { path: shown, problem: "it is no UTF-8 text" }, { cause: error });
    throw error;
  } finally {
    closeSync(file);
  }
}
