import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Writable } from "node:stream";
import { copyPlace, type LookUp } from "../../container/copy-place.ts";
import { findCopySource, type CopySource } from "../../container/copy-source.ts";
import { streamSubtree, type copySubtree } from "../../layer/subtree.ts";
import { inWorker } from "../../std/worker-pool.ts";

/**
 * Copies a path of an image to a path of the host, by the rules of `docker cp`: a file gets the name of the destination, or lands in it
 * if that is a folder; a folder becomes the destination, or lands in it if it exists, and with `/.` its contents do.
 * @throws IMAGE_PATH_MISSING, FILE_PROBLEM, DISK_FULL, OWNER_REFUSED
 */
export async function copyToHost(source: CopySource, destination: string, options: { readonly cwd: string; readonly owners: boolean; readonly signal: AbortSignal }): Promise<void> {
  const found = findCopySource(source);
  const { folder: target, name } = copyPlace(found, { written: destination, path: resolve(options.cwd, destination), lookUp: lookUpOnHost });
  await inWorker<Parameters<typeof copySubtree>[0], ReturnType<typeof copySubtree>>("layer/subtree.ts", "copySubtree",
    { layers: source.layers, source: found.source, name, target, owners: options.owners }, { signal: options.signal });
}

/** What is at a path of the host. */
export function lookUpOnHost(path: string): ReturnType<LookUp> {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && { directory: stat.isDirectory(), path: realpathSync(path) };
}

/** Writes a path of an image as a tar archive. */
export async function copyToStream(source: CopySource, output: Writable, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  const { source: path, name, contents } = findCopySource(source);
  await writePieces(streamSubtree({ layers: source.layers, source: path, name: contents ? "" : name }), output, signal);
}

/** Writes pieces that are valid until the next one is asked for. */
export async function writePieces(pieces: Iterable<Uint8Array>, output: Writable, signal: AbortSignal): Promise<void> {
  for (const piece of pieces) {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => output.write(piece, (error) => (error ? reject(error) : resolve())));
  }
}
