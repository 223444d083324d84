import { fault } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import { copyToHost, copyToStream } from "../images/copy-from-image.ts";
import type { Io } from "../io.ts";

/**
 * Copies a path of a container that does not run, which is kept from being started meanwhile: a command in it could
 * otherwise put a symlink to the host in the way of what is being read.
 * @throws USAGE, NOT_SUPPORTED, CONTAINER_RUNNING, IMAGE_PATH_MISSING, FILE_PROBLEM
 */
export async function copyFromContainer(store: Store, from: string, to: string, options: { owners: boolean; follow: boolean; io: Io; signal: AbortSignal }): Promise<void> {
  const { owners, follow, io, signal } = options;
  const cut = containerPart(from);
  if (cut < 0 && (containerPart(to) > 0 || from === "-")) {
    throw fault("NOT_SUPPORTED", { feature: "copying into a container", hint: "give it the files by -v, or while it runs: `tar -c FILES | sampan exec -i CONTAINER tar -x -C PATH`" });
  }
  if (cut < 0) throw fault("USAGE", { problem: `${JSON.stringify(from)} names no path of a container`, hint: "it looks like CONTAINER:/PATH" });
  if (containerPart(to) > 0) throw fault("USAGE", { problem: "copying between containers is not possible" });
  if (to === "") throw fault("USAGE", { problem: "the destination is empty" });
  if (to === "-" && io.stdout.isTTY) throw fault("USAGE", { problem: "refusing to write an archive to a terminal", hint: "redirect it, or name a destination" });
  const { id, name, snapshot, state } = store.containers.find(from.slice(0, cut));
  if (state === "running" || !store.containers.claim(id)) throw fault("CONTAINER_RUNNING", { container: name, wanted: "copied from" });
  try {
    const layers = [store.containers.layer(id).upper, ...(snapshot === undefined ? [] : store.snapshots.lowers(snapshot))];
    const path = from.slice(cut + 1);
    const source = { layers, path: path.startsWith("/") ? path : `/${path}`, image: name, follow };
    if (to === "-") await copyToStream(source, io.stdout, { temporary: store.temporary, signal });
    else await copyToHost(source, to, { cwd: io.cwd, owners, signal });
  } finally {
    store.containers.release(id);
  }
}

/** Where the colon behind a container's name is; -1 for a path of the host, which begins with `/` or `.` where it has a colon. */
function containerPart(word: string): number {
  return /^[/.]/.test(word) ? -1 : word.indexOf(":");
}
