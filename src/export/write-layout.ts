import { randomUUID } from "node:crypto";
import { createWriteStream, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobSource } from "../image/blobs.ts";
import type { LayoutContents } from "../image/pack-archive.ts";
import type { Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseIndex, type Descriptor } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";
import { makeFolder } from "../std/make-folder.ts";
import { outputFault } from "./write-output.ts";

const INDEX = "index.json";
const REF_NAME = "org.opencontainers.image.ref.name";
const FULL_NAME = "io.containerd.image.name";

/**
 * Writes what an OCI archive would hold as a folder, an OCI layout. Other images in it stay; an image without a name is `latest`, as
 * with BuildKit, and takes that from another. What is half written is named nowhere.
 * @throws LAYOUT_INVALID, BLOB_MISSING, BLOB_MISMATCH, OUTPUT_INVALID, DISK_FULL
 */
export async function writeLayout(folder: string, contents: LayoutContents, blobs: BlobSource, { signal }: { readonly signal?: AbortSignal }): Promise<void> {
  const put = async (path: string, size: number, bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> => {
    const temporary = join(folder, `.sampan-${randomUUID()}`);
    try {
      makeFolder(dirname(join(folder, path)));
      await pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(temporary, { mode: 0o644 }), signal ? { signal } : {});
      const written = lstatSync(temporary).size;
      if (written !== size) throw fault("BLOB_MISMATCH", { expected: `${size} bytes`, actual: `${written} bytes` });
      renameSync(temporary, join(folder, path));
    } finally {
      rmSync(temporary, { force: true });
    }
  };
  try {
    makeFolder(folder);
    readLayoutIndex(folder);
    for (const [path, content] of contents) {
      const size = typeof content === "string" ? sizeOf(blobs, content) : content.length;
      if (path !== INDEX && !isThere(join(folder, path), size)) await put(path, size, typeof content === "string" ? blobs.read(content, { signal }) : [content]);
    }
    // What others wrote meanwhile stays in it.
    const merged = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: merge(readLayoutIndex(folder), parseIndex(contents.get(INDEX) as Uint8Array).manifests) }));
    await put(INDEX, merged.length, [merged]);
  } catch (error) {
    throw outputFault(error, folder);
  }
}

function sizeOf(blobs: BlobSource, digest: Digest): number {
  const size = blobs.size(digest);
  if (size === undefined) throw fault("BLOB_MISSING", { digest });
  return size;
}

function isThere(path: string, size: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === size;
}

/** What a folder lists that is a layout or empty. @throws LAYOUT_INVALID, DOCUMENT_INVALID */
function readLayoutIndex(folder: string): readonly Descriptor[] {
  const names = readdirSync(folder);
  const other = names.find((name) => name !== "blobs" && name !== "oci-layout" && !name.startsWith(".sampan-"));
  if (names.includes(INDEX)) {
    const path = join(folder, INDEX);
    if (lstatSync(path).size > MANIFEST_LIMIT) throw fault("LAYOUT_INVALID", { path: folder, problem: `its ${INDEX} is too large` });
    return parseIndex(readFileSync(path), `${INDEX} of ${folder}`).manifests;
  }
  if (other !== undefined) throw fault("LAYOUT_INVALID", { path: folder, problem: `it holds other things (${other}) and no layout` });
  return [];
}

function merge(before: readonly Descriptor[], added: readonly Descriptor[]): Descriptor[] {
  const named = added.map((entry) => (nameOf(entry) === undefined ? { ...entry, annotations: { ...entry.annotations, [REF_NAME]: "latest" } } : entry));
  const names = new Set(named.map(nameOf));
  return [...before.filter((entry) => !names.has(nameOf(entry))), ...named];
}

function nameOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[FULL_NAME] ?? annotations?.[REF_NAME];
}
