import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAGIC_LENGTH, decodeStream, sniffCodec } from "../../image/decode-stream.ts";
import { cleanPath } from "../../layer/parse-tar-header.ts";
import { createTarReader } from "../../layer/read-tar.ts";
import { AsyncCleanupStack } from "../../std/cleanup-stack.ts";
import { fault } from "../../std/fault.ts";
import { writeChunks } from "../../std/write-chunks.ts";
import type { LayoutFiles } from "./layout-files.ts";
import { READ_SIZE, readRange } from "./read-range.ts";

/** An image archive has a few hundred entries; a million are an attack on memory. */
const ENTRY_LIMIT = 100_000;
const LINK_LIMIT = 16;
const BLOCK = 512;
const SCAN = 16 * 1024;

/**
 * The files of a tar archive, read where they lie: only the headers are read to find them. A packed archive, or one
 * that comes through a pipe, is unpacked into a temporary file first. Links are followed inside the archive.
 * @throws FILE_PROBLEM, LAYOUT_INVALID, ARCHIVE_INVALID, ARCHIVE_DAMAGED, and what open(2) says
 */
export async function archiveFiles(path: string, signal: AbortSignal): Promise<LayoutFiles> {
  await using cleanup = new AsyncCleanupStack();
  let file = await openArchive(path);
  cleanup.defer(() => file.close());
  if (await mustSpool(file, path)) {
    const packed = file;
    const folder = await mkdtemp(join(tmpdir(), "sampan-archive-"));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    file = await open(join(folder, "archive.tar"), "wx+", 0o600);
    await spool(packed, path, file, signal);
    await packed.close();
  }
  const { places, links } = await scan(file, path, signal);
  const find = (name: string): Place | undefined => {
    let at = cleanPath(name);
    for (let steps = 0; steps < LINK_LIMIT; steps += 1) {
      const found = places.get(at);
      if (found) return found;
      const next = links.get(at);
      if (next === undefined) return undefined;
      at = next;
    }
    return undefined;
  };
  const owned = cleanup.move();
  return {
    path,
    size: async (name) => find(name)?.size,
    async *read(name, { start, signal: stop }) {
      const place = find(name);
      if (!place) throw fault("LAYOUT_INVALID", { path, problem: `${name} is missing` });
      yield* readRange(file, { start: place.offset + start, end: place.offset + place.size, signal: stop });
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

async function openArchive(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw fault("FILE_PROBLEM", { path, problem: "no such file or directory", hint: "`sampan save -o FILE` and `docker save -o FILE` write an archive; an image of the store is store:NAME, one of a registry docker://NAME" }, { cause });
  }
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

async function scan(file: FileHandle, archive: string, signal: AbortSignal): Promise<{ places: Map<string, Place>; links: Map<string, string> }> {
  const places = new Map<string, Place>();
  const links = new Map<string, string>();
  const { size: length } = await file.stat();
  let position = 0;
  let entries = 0;
  const reader = createTarReader(archive, {
    entry({ path, type, size, linkTarget = "" }) {
      entries += 1;
      if (entries > ENTRY_LIMIT) throw fault("LAYOUT_INVALID", { path: archive, problem: `it has more than ${ENTRY_LIMIT} entries` });
      places.delete(path);
      links.delete(path);
      if (type === "file") {
        if (position + size > length) throw fault("LAYOUT_INVALID", { path: archive, problem: `it ends in the middle of ${path}` });
        places.set(path, { offset: position, size });
      } else if (type === "hardlink") links.set(path, linkTarget);
      else if (type === "symlink") links.set(path, cleanPath(linkTarget.startsWith("/") ? linkTarget : `${path.slice(0, path.lastIndexOf("/") + 1)}${linkTarget}`));
    },
    data: () => undefined,
    end: () => undefined,
  });
  const buffer = Buffer.alloc(SCAN);
  for (let read = 0; !reader.ended(); read = position) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, SCAN, read);
    if (bytesRead === 0) break;
    for (let at = 0; at < bytesRead && position === read + at && !reader.ended(); at += BLOCK) {
      const block = buffer.subarray(at, Math.min(at + BLOCK, bytesRead));
      position += block.length;
      reader.write(block);
      position += reader.skip();
    }
  }
  reader.finish();
  return { places, links };
}

async function mustSpool(file: FileHandle, path: string): Promise<boolean> {
  const stat = await file.stat();
  if (stat.isDirectory()) throw fault("LAYOUT_INVALID", { path, problem: "it is a folder and no archive" });
  if (!stat.isFile()) return true;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_LENGTH), 0, MAGIC_LENGTH, 0);
  return sniffCodec(buffer.subarray(0, bytesRead)) !== "none";
}

async function spool(from: FileHandle, path: string, to: FileHandle, signal: AbortSignal): Promise<void> {
  for await (const chunk of decodeStream(arriving(from, signal), path)) await writeChunks(to, [chunk]);
}

/** What comes through a pipe, or a file from where it stands. */
async function* arriving(file: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    signal.throwIfAborted();
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(READ_SIZE), 0, READ_SIZE, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
