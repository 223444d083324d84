import { closeSync, createWriteStream, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { randomUUID } from "node:crypto";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { diskFault } from "../std/disk-fault.ts";
import { fault } from "../std/fault.ts";

/**
 * Writes a file that is either whole or not there: into a temporary file beside it, renamed at the end. A link stays a link to it.
 * A device or pipe, such as /dev/null, is written into as it is. `-` is standard output.
 * @throws OUTPUT_INVALID when the folder is missing or cannot be written to, DISK_FULL
 */
export async function writeOutput(dest: string, cwd: string, write: (output: Writable) => Promise<void>): Promise<void> {
  if (dest === "-") return write(process.stdout);
  const path = resolve(cwd, dest);
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found && !found.isFile() && !found.isDirectory()) return await writeInto(path, write);
    await writeWhole(found ? realpathSync(path) : path, write);
  } catch (error) {
    throw outputFault(error, path);
  }
}

async function writeWhole(path: string, write: (output: Writable) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    await writeInto(temporary, write);
    flush(temporary);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

async function writeInto(path: string, write: (output: Writable) => Promise<void>): Promise<void> {
  const output = createWriteStream(path);
  const done = finished(output);
  done.catch(() => undefined);
  try {
    await write(output);
    if (!output.writableEnded) output.end();
    await done;
  } catch (error) {
    output.destroy();
    await done.catch(() => undefined); // a file that is still being opened would come after it was removed
    throw error;
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
