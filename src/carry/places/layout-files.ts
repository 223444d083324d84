import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { MANIFEST_LIMIT } from "../../oci/manifest.ts";
import { fault } from "../../std/fault.ts";
import { readRange } from "./read-range.ts";

/** The files of a layout, in a folder or in an archive, by paths such as `blobs/sha256/…`. */
export interface LayoutFiles extends AsyncDisposable {
  /** Where they are, for messages. */
  readonly path: string;
  /** Bytes of the file; undefined where there is none. */
  size(path: string): Promise<number | undefined>;
  read(path: string, options: { readonly start: number; readonly signal: AbortSignal }): AsyncIterable<Uint8Array>;
}

/** The files of a folder. Links are followed: layouts that are put together from a build tool's cache consist of them. */
export function folderFiles(folder: string): LayoutFiles {
  return {
    path: folder,
    async size(path) {
      await using file = await openFile(join(folder, path));
      return file && (await file.stat()).size;
    },
    async *read(path, { start, signal }) {
      await using file = await openFile(join(folder, path));
      if (!file) throw fault("LAYOUT_INVALID", { path: folder, problem: `${path} is missing` });
      yield* readRange(file, { start, end: (await file.stat()).size, signal });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Regular files only: a pipe or a device in a layout would be waited for without end. */
async function openFile(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ENXIO"].includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  return undefined;
}

/** All bytes of a document. @throws LAYOUT_INVALID where it is missing or too large */
export async function readSmall(files: LayoutFiles, path: string, signal: AbortSignal): Promise<Uint8Array> {
  const size = await files.size(path);
  if (size === undefined) throw fault("LAYOUT_INVALID", { path: files.path, problem: `${path} is missing${await otherForm(files, path)}` });
  if (size > MANIFEST_LIMIT) throw fault("LAYOUT_INVALID", { path: files.path, problem: `${path} has ${size} bytes, a document has at most ${MANIFEST_LIMIT}` });
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.read(path, { start: 0, signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Layouts and archives of `docker save` are taken for one another: what it would be, read the other way. */
async function otherForm(files: LayoutFiles, missing: string): Promise<string> {
  if (missing === "manifest.json" && (await files.size("index.json")) !== undefined) return "; it is an OCI layout, which `oci-archive:` reads";
  if (missing === "index.json" && (await files.size("manifest.json")) !== undefined) return "; it is an archive of docker's form, which `docker-archive:` reads";
  return "";
}
