import { writeOutput } from "../../export/write-output.ts";
import { streamSubtree } from "../../layer/subtree.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import { writePieces } from "../images/copy-from-image.ts";
import type { Io } from "../io.ts";

/**
 * Writes the files of a container, without what -v, --tmpfs and the kernel add to them. Those that change meanwhile are as they were
 * when they were met. @throws USAGE, OUTPUT_INVALID, FILE_CHANGED
 */
export async function exportContainer(store: Store, { id, snapshot }: ContainerRecord, { output, io, signal }: { output: string | undefined; io: Io; signal: AbortSignal }): Promise<void> {
  if (output === undefined && io.stdout.isTTY) throw fault("USAGE", { problem: "refusing to write an archive to a terminal", hint: "redirect it, or name a file by -o" });
  const layers = [store.containers.layer(id).upper, ...(snapshot === undefined ? [] : store.snapshots.lowers(snapshot))];
  await writeOutput(output ?? "-", io.cwd, (stream) => writePieces(streamSubtree({ layers, source: "", name: "" }), stream, signal));
}
