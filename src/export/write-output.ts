import { createWriteStream, openSync, fsyncSync, closeSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { randomUUID } from "node:crypto";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { diskFault } from "../std/disk-fault.ts";
import { fault } from "../std/fault.ts";

/**
 * Writes a file that is either whole or not there: into a temporary file beside it, renamed at the end.
 * `-` is standard output.
 * @throws OUTPUT_INVALID when the folder is missing or cannot be written to, DISK_FULL
 */
export async function writeOutput(dest: string, cwd: string, write: (output: Writable) => Promise<void>): Promise<void> {
  if (dest === "-") return write(process.stdout);
  const path = resolve(cwd, dest);
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const output = createWriteStream(temporary);
    const done = finished(output);
    done.catch(() => undefined);
    try {
      await write(output);
      if (!output.writableEnded) output.end();
      await done;
    } catch (error) {
      output.destroy();
      throw error;
    }
    flush(temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw outputFault(error, path);
  }
}

function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** File system errors in the words of the one who asked for the output. */
export function outputFault(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return fault("OUTPUT_INVALID", { problem: `the folder ${dirname(path)} does not exist`, hint: "make it first, or choose another dest" }, { cause: error });
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return fault("OUTPUT_INVALID", { problem: `${path} cannot be written`, hint: "choose a dest that you may write to" }, { cause: error });
  if (code === "EISDIR" || code === "ENOTDIR" || code === "EEXIST") return fault("OUTPUT_INVALID", { problem: `${path} is a folder, or lies below a file`, hint: "choose another dest" }, { cause: error });
  return diskFault(error, path) ?? error;
}
