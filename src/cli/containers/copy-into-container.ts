import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Readable } from "node:stream";
import { ROOT_NAME } from "../../container/copy-job.ts";
import type { Copied } from "../../container/copy-place.ts";
import { startCopy } from "../../container/copy-process.ts";
import { decodeStream } from "../../image/decode-stream.ts";
import { streamSubtree } from "../../layer/subtree.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import { writePieces } from "../images/copy-from-image.ts";
import type { CopyOptions } from "./copy-files.ts";
import { refuseCovered, stoppedLayers } from "./stopped-layers.ts";

/**
 * Copies a path of the host, or with `-` an archive from standard input, into a container: into the writable layer of one that does not
 * run, and by a process inside of its root into one that runs.
 * @throws USAGE, NOT_SUPPORTED, CONTAINER_RUNNING, CONTAINER_NOT_RUNNING, FILE_PROBLEM, FILE_CHANGED, READ_ONLY, DISK_FULL, OWNER_REFUSED
 */
export async function copyIntoContainer(store: Store, record: ContainerRecord, { from, path }: { from: string; path: string }, options: CopyOptions): Promise<void> {
  const { owners, follow, io, signal } = options;
  if (from === "") throw fault("USAGE", { problem: "the source is empty" });
  if (from === "-" && io.stdin.isTTY) throw fault("USAGE", { problem: "an archive is expected on standard input, which is a terminal", hint: "name a file, or send an archive to standard input" });
  if (record.spec.job.readonlyRoot && record.running === undefined) throw fault("FILE_PROBLEM", { path: `${record.name}:${path}`, problem: "the container's root file system is read-only" });
  const source = from === "-" ? undefined : hostSource(resolve(io.cwd, from), from, follow);
  const running = record.running !== undefined;
  if (!running) refuseCovered(record, path);
  using stopped = running ? undefined : stoppedLayers(store, record);
  using copy = startCopy({
    kind: "unpack", enter: running, layers: stopped?.layers ?? ["/"], path, place: `${record.name}:${path}`, owners,
    recordOwners: insideUserNamespace()?.mapped === "one", ...(source ? { copied: source.copied } : {}),
  }, running ? record : undefined);
  await copy.found;
  const pieces = source ? streamSubtree({ ...source.tree, name: ROOT_NAME }) : undefined;
  try {
    if (pieces) await writePieces(pieces, copy.input, signal);
    else for await (const chunk of decodeStream(io.stdin as Readable, "standard input")) await writePieces([chunk], copy.input, signal);
    copy.input.end();
  } catch (error) {
    // When it ended first, it says why.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
  await copy.done;
}

/** What of the host is copied; its parents are followed wherever they lead. @throws FILE_PROBLEM */
function hostSource(path: string, written: string, follow: boolean): { copied: Copied; tree: { layers: readonly string[]; source: string } } {
  const contents = /(?:^|\/)\.$/.test(written);
  const missing = (problem: string): Error => fault("FILE_PROBLEM", { path: written, problem });
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) throw missing("it does not exist");
  const real = follow || /\/\.?$/.test(written) || path === "/" ? realpathOf(path, missing) : resolve(realpathOf(dirname(path), missing), basename(path));
  const directory = lstatSync(real).isDirectory();
  if (!directory && /\/\.?$/.test(written)) throw missing("it is no directory");
  const tree = real === "/" ? { layers: ["/"], source: "" } : { layers: [dirname(real)], source: basename(real) };
  return { copied: { name: basename(path), directory, contents: contents || real === "/" }, tree };
}

function realpathOf(path: string, missing: (problem: string) => Error): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT" ? missing("it is a symlink to nothing") : error;
  }
}
