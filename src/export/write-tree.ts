import { createReadStream, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { pipeline } from "node:stream/promises";
import type { Writable } from "node:stream";
import type { copyTree, PackedTree, packTree, TimeOfAll } from "../layer/flatten.ts";
import { makeFolder } from "../std/make-folder.ts";
import { inWorker } from "../std/worker-pool.ts";
import { outputFault } from "./write-output.ts";

const FLATTEN = "layer/flatten.ts";

/** Stacks of layers (top first) as one tar, each below a folder of its own or at the root; `temporary` is for the unfinished file. */
export async function writeTar(trees: readonly PackedTree[], output: Writable, options: TimeOfAll & { temporary: string; signal?: AbortSignal }): Promise<void> {
  const file = join(options.temporary, `tree-${randomUUID()}`);
  const how = options.signal ? { signal: options.signal } : {};
  try {
    await inWorker<Parameters<typeof packTree>[0], Awaited<ReturnType<typeof packTree>>>(FLATTEN, "packTree", { trees, output: file, epoch: options.epoch }, how);
    await pipeline(createReadStream(file), output, { end: output !== process.stdout, ...how });
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * The file system of a stack of layers (top first) in a folder, which is made where it is missing.
 * @throws OUTPUT_INVALID, DISK_FULL
 */
export async function writeFolder(layers: readonly string[], target: string, options: TimeOfAll & { deleteOthers?: boolean; signal?: AbortSignal }): Promise<void> {
  try {
    makeFolder(target);
  } catch (error) {
    throw outputFault(error, target);
  }
  await inWorker<Parameters<typeof copyTree>[0], ReturnType<typeof copyTree>>(FLATTEN, "copyTree", { layers, target, epoch: options.epoch, deleteOthers: options.deleteOthers ?? false }, options.signal ? { signal: options.signal } : {});
}

/** Removes everything from a folder, if there is one, but for these names in it. @throws OUTPUT_INVALID */
export function emptyFolder(target: string, kept: readonly string[]): void {
  try {
    if (!existsSync(target)) return;
    for (const name of readdirSync(target)) if (!kept.includes(name)) rmSync(join(target, name), { recursive: true, force: true });
  } catch (error) {
    throw outputFault(error, target);
  }
}
