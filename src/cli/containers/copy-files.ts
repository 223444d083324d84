import { fault } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import type { Io } from "../io.ts";

export interface CopyOptions {
  /** Whether owners are kept. */
  readonly owners: boolean;
  /** Whether a symlink that the source ends in is followed. */
  readonly follow: boolean;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** The container that one of two words of `cp` names. @throws USAGE where none or both do */
export function copyDirection(from: string, to: string): { readonly container: string; readonly path: string; readonly into: boolean } {
  const [cutFrom, cutTo] = [containerPart(from), containerPart(to)];
  if (cutFrom > 0 && cutTo > 0) throw fault("USAGE", { problem: "copying between containers is not supported", hint: "copy out of the one first, then into the other" });
  if (cutFrom <= 0 && cutTo <= 0) throw fault("USAGE", { problem: "must specify at least one container source", hint: "a path of a container looks like CONTAINER:/PATH" });
  const [word, cut] = cutTo > 0 ? [to, cutTo] : [from, cutFrom];
  const path = word.slice(cut + 1);
  return { container: word.slice(0, cut), path: path.startsWith("/") ? path : `/${path}`, into: cutTo > 0 };
}

/** Copies between a container and the host. @throws what copyFromContainer and copyIntoContainer throw */
export async function copyFiles(store: Store, from: string, to: string, options: CopyOptions): Promise<void> {
  const { container, path, into } = copyDirection(from, to);
  const record = store.containers.find(container);
  if (into) {
    const { copyIntoContainer } = await import("./copy-into-container.ts");
    await copyIntoContainer(store, record, { from, path }, options);
  } else {
    const { copyFromContainer } = await import("./copy-from-container.ts");
    await copyFromContainer(store, record, { path, to }, options);
  }
}

/** Where the colon behind a container's name is; -1 for a path of the host, which begins with `/` or `.` where it has a colon. */
function containerPart(word: string): number {
  return /^[/.]/.test(word) ? -1 : word.indexOf(":");
}
