import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ROOT_NAME } from "../../container/copy-job.ts";
import { copyPlace } from "../../container/copy-place.ts";
import { startCopy } from "../../container/copy-process.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { createStreamUnpacker } from "../../layer/unpack-stream.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import { copyToHost, copyToStream, lookUpOnHost } from "../images/copy-from-image.ts";
import type { CopyOptions } from "./copy-files.ts";
import { refuseCovered, stoppedLayers } from "./stopped-layers.ts";

/**
 * Copies a path of a container to the host, or as an archive to standard output. Of one that does not run the layers are read, and it
 * is kept from being started meanwhile; of one that runs a process inside of its root reads what is there.
 * @throws USAGE, NOT_SUPPORTED, CONTAINER_RUNNING, CONTAINER_NOT_RUNNING, IMAGE_PATH_MISSING, FILE_PROBLEM, FILE_CHANGED
 */
export async function copyFromContainer(store: Store, record: ContainerRecord, { path, to }: { path: string; to: string }, options: CopyOptions): Promise<void> {
  const { owners, follow, io, signal } = options;
  const { name } = record;
  if (to === "") throw fault("USAGE", { problem: "the destination is empty" });
  if (to === "-" && io.stdout.isTTY) throw fault("USAGE", { problem: "refusing to write an archive to a terminal", hint: "redirect it, or name a destination" });
  if (record.running !== undefined) return await fromRunning(record, { path, to }, options);
  refuseCovered(record, path);
  using stopped = stoppedLayers(store, record);
  const source = { layers: stopped.layers, path, image: name, follow, command: "cp" as const };
  if (to === "-") await copyToStream(source, io.stdout, { signal });
  else await copyToHost(source, to, { cwd: io.cwd, owners, signal });
}

async function fromRunning(record: ContainerRecord, { path, to }: { path: string; to: string }, { owners, follow, io, signal }: CopyOptions): Promise<void> {
  const archive = to === "-";
  using copy = startCopy({ kind: "pack", enter: true, layers: ["/"], path, image: record.name, follow, command: "cp", as: archive ? "own name" : ROOT_NAME }, record);
  const found = (await copy.found)!;
  if (archive) await pipeline(copy.output, io.stdout, { end: false, signal });
  else {
    const place = copyPlace(found, { written: to, path: resolve(io.cwd, to), lookUp: lookUpOnHost });
    const unpacker = createStreamUnpacker({
      archive: `what is copied out of ${record.name}`, place: place.folder, layers: [place.folder === "" ? "/" : place.folder], target: "", name: place.name,
      recordOwners: owners && insideUserNamespace()?.mapped === "one", ...(owners ? {} : { owner: { uid: process.geteuid!(), gid: process.getegid!() } }),
    });
    for await (const chunk of copy.output) {
      signal.throwIfAborted();
      unpacker.write(chunk as Buffer);
    }
    await copy.done;
    unpacker.finish();
  }
  await copy.done;
}
