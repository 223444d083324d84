import { randomUUID } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseIndex, type Descriptor } from "../../oci/manifest.ts";
import { once } from "../../std/once.ts";
import { diskFault } from "../../std/disk-fault.ts";
import { fault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";
import { PieceWriter } from "../../std/piece-writer.ts";
import type { Document, Sink } from "../place.ts";
import { blobPath } from "./layout-source.ts";
import { folderFiles, readSmall } from "./layout-files.ts";
import { LayoutIndex } from "./layout-index.ts";

/** An OCI layout in a folder, which is made where there is none. Other images in it stay. @throws LAYOUT_INVALID */
export async function layoutSink(folder: string, tag: string | undefined, signal: AbortSignal): Promise<Sink> {
  await readIndex(folder, signal);
  const added = new LayoutIndex();
  const put = async (path: string, content: AsyncIterable<Uint8Array>, onBytes?: (sent: number) => void): Promise<void> => {
    const temporary = join(folder, `.sampan-${randomUUID()}`);
    try {
      makeFolder(dirname(join(folder, path)));
      await writeWhole(temporary, content, onBytes);
      await rename(temporary, join(folder, path));
    } catch (error) {
      await rm(temporary, { force: true });
      throw diskFault(error, folder) ?? error;
    }
  };
  const putDocument = async (document: Document): Promise<void> => {
    if (!(await hasFile(join(folder, blobPath(document.digest)), document.bytes.length))) await put(blobPath(document.digest), once(document.bytes));
  };
  return {
    name: folder,
    holds: "anything",
    verifies: false,
    borrows: true,
    manifestHas: async () => false,
    blobHas: ({ digest, size }) => hasFile(join(folder, blobPath(digest)), size),
    blobPut: (blob, open_, { onBytes }) => put(blobPath(blob.digest), open_(0), onBytes),
    async manifestPut(document, options) {
      await putDocument(document);
      added.addReferrer(document, options.tag);
    },
    async finish(root, { signal: stop }) {
      await putDocument(root);
      // What others wrote meanwhile stays in it.
      const current = new LayoutIndex(await readIndex(folder, stop));
      current.merge(added);
      current.name(root, tag);
      await put("oci-layout", once(Buffer.from('{"imageLayoutVersion":"1.0.0"}')));
      await put("index.json", once(current.bytes));
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function readIndex(folder: string, signal: AbortSignal): Promise<readonly Descriptor[]> {
  const names = await namesIn(folder);
  if (names.includes("index.json")) return parseIndex(await readSmall(folderFiles(folder), "index.json", signal), `index.json of ${folder}`).manifests;
  const other = names.find((name) => name !== "blobs" && name !== "oci-layout" && !name.startsWith(".sampan-"));
  if (other !== undefined) throw fault("LAYOUT_INVALID", { path: folder, problem: `it holds other things (${other}) and no layout` });
  return [];
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    throw code === "ENOTDIR" ? fault("LAYOUT_INVALID", { path: folder, problem: "it is a file and no folder" }) : error;
  }
}

async function hasFile(path: string, size: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === size;
}

async function writeWhole(path: string, content: AsyncIterable<Uint8Array>, onBytes?: (sent: number) => void): Promise<void> {
  await using file = await open(path, "wx", 0o644);
  await new PieceWriter(file).writeAll(content, onBytes);
}
