import { createWriteStream, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { finished } from "node:stream/promises";
import { streamSubtree } from "../../layer/subtree.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import { writePieces } from "../images/copy-from-image.ts";
import type { Io } from "../io.ts";
import { refuseFolder } from "../refuse-folder.ts";

/**
 * Writes the files of a container, without what -v, --tmpfs and the kernel add to them. Those that change meanwhile are as they were
 * when they were met. @throws USAGE, FILE_PROBLEM, FILE_CHANGED
 */
export async function exportContainer(store: Store, { id, snapshot }: ContainerRecord, { output, io, signal }: { output: string | undefined; io: Io; signal: AbortSignal }): Promise<void> {
  const layers = [store.containers.layer(id).upper, ...(snapshot === undefined ? [] : store.snapshots.lowers(snapshot))];
  const pieces = streamSubtree({ layers, source: "", name: "" });
  if (output === undefined) {
    if (io.stdout.isTTY) throw fault("USAGE", { problem: "refusing to write an archive to a terminal", hint: "redirect it, or name a file by -o" });
    return await writePieces(pieces, io.stdout, signal);
  }
  const path = resolve(io.cwd, output);
  refuseFolder(path);
  const temporary = `${path}.${process.pid}.part`;
  try {
    const file = createWriteStream(temporary, { flags: "wx" });
    await writePieces(pieces, file, signal);
    await finished(file.end());
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
