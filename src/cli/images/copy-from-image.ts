import { randomUUID } from "node:crypto";
import { createReadStream, realpathSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { copySubtree, packSubtree } from "../../layer/subtree.ts";
import { Union } from "../../snapshot/union.ts";
import { fault } from "../../std/fault.ts";
import { inWorker } from "../../std/worker-pool.ts";

/** A path in a stack of layers, as somebody has written it. */
export interface CopySource {
  /** Folders of the layers, top first. */
  readonly layers: readonly string[];
  /** `/etc/passwd`; with `/.` at its end the contents of a directory are meant. */
  readonly path: string;
  /** What messages call the image. */
  readonly image: string;
  /** Whether a symlink that the path ends in is followed, within the layers. */
  readonly follow: boolean;
}

interface Found {
  readonly source: string;
  readonly name: string;
  readonly contents: boolean;
  readonly directory: boolean;
}

/** @throws IMAGE_PATH_MISSING, SYMLINK_LOOP */
function find({ layers, path, image, follow }: CopySource): Found {
  const contents = /(?:^|\/)\.?$/.test(path) && (path.endsWith("/.") || path === "/" || path === ".");
  const { path: source, entry } = new Union(layers).resolve(path, { followLast: follow || path.endsWith("/") || path.endsWith("/.") });
  const missing = (problem: string): Error => fault("IMAGE_PATH_MISSING", { image, path, problem });
  if (entry === undefined) throw missing("it does not exist");
  const directory = entry.stat.isDirectory();
  if (!directory && /\/\.?$/.test(path)) throw missing("it is no directory");
  return { source, name: basename(path.replace(/\/\.?$/, "")), contents: contents || source === "", directory };
}

/**
 * Copies a path of an image to a path of the host, by the rules of `docker cp`: a file gets the name of the destination, or lands in it
 * if that is a folder; a folder becomes the destination, or lands in it if it exists, and with `/.` its contents do.
 * @throws IMAGE_PATH_MISSING, FILE_PROBLEM, DISK_FULL, OWNER_REFUSED
 */
export async function copyToHost(source: CopySource, destination: string, options: { readonly cwd: string; readonly owners: boolean; readonly signal: AbortSignal }): Promise<void> {
  const found = find(source);
  const { target, name } = placeOf(found, destination, options.cwd);
  await inWorker<Parameters<typeof copySubtree>[0], ReturnType<typeof copySubtree>>("layer/subtree.ts", "copySubtree",
    { layers: source.layers, source: found.source, name, target, owners: options.owners }, { signal: options.signal });
}

function placeOf(found: Found, written: string, cwd: string): { target: string; name: string } {
  const problem = (what: string): Error => fault("FILE_PROBLEM", { path: written, problem: what });
  const path = resolve(cwd, written);
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) return { target: realpathSync(path), name: found.contents ? "" : found.name };
  if (there !== undefined) {
    if (found.directory) throw problem("a directory cannot be copied over a file");
    if (/\/\.?$/.test(written)) throw problem("it is no directory");
    const real = realpathSync(path);
    return { target: dirname(real), name: basename(real) };
  }
  if (!found.directory && written.endsWith("/")) throw problem("the destination directory must exist");
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) throw problem(`the directory ${dirname(path)} does not exist`);
  return { target: realpathSync(dirname(path)), name: basename(path) };
}

/** Writes a path of an image as a tar archive. @param temporary a folder for the unfinished file */
export async function copyToStream(source: CopySource, output: Writable, options: { readonly temporary: string; readonly signal: AbortSignal }): Promise<void> {
  const found = find(source);
  const file = join(options.temporary, `tree-${randomUUID()}`);
  const { signal } = options;
  try {
    await inWorker<Parameters<typeof packSubtree>[0], Awaited<ReturnType<typeof packSubtree>>>("layer/subtree.ts", "packSubtree",
      { layers: source.layers, source: found.source, name: found.contents ? "" : found.name, output: file }, { signal });
    await pipeline(createReadStream(file), output, { end: output !== process.stdout, signal });
  } finally {
    rmSync(file, { force: true });
  }
}
