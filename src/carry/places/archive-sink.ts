import { randomUUID } from "node:crypto";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { outputFault } from "../../export/write-output.ts";
import { encodeTarHeader, TAR_END } from "../../layer/write-tar.ts";
import type { Digest } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { familiarReference, parseReference } from "../../oci/reference.ts";
import { once } from "../../std/once.ts";
import { fault } from "../../std/fault.ts";
import { Semaphore } from "../../std/semaphore.ts";
import { PieceWriter } from "../../std/piece-writer.ts";
import { writeChunks } from "../../std/write-chunks.ts";
import type { Document, Sink } from "../place.ts";
import { blobPath } from "./layout-source.ts";
import { LayoutIndex } from "./layout-index.ts";

export interface ArchiveForm {
  /** `docker` adds the manifest.json that `docker load` of every version reads. */
  readonly form: "oci" | "docker";
  /** The tag, or for a Docker archive the reference, that the image gets. */
  readonly name?: string | undefined;
}

const BLOCK = 512;

/**
 * An OCI layout as a tar, or a Docker archive, which is one too: written while the blobs come, one after the other,
 * under a temporary name. A Docker archive is never written over, as with skopeo.
 */
export async function archiveSink(path: string, { form, name: given }: ArchiveForm): Promise<Sink> {
  const name = given !== undefined && form === "docker" ? familiarReference(parseReference(given)) : given;
  await checkTarget(path, form);
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  const file = await open(temporary, "wx", 0o644).catch((error: unknown) => { throw outputFault(error, path); });
  const tar = new TarFile(file, path);
  const index = new LayoutIndex();
  const written = new Set<Digest>();
  let renamed = false;
  const putDocument = async (document: Document): Promise<void> => {
    if (written.has(document.digest)) return;
    await tar.add(blobPath(document.digest), document.bytes.length, once(document.bytes));
    written.add(document.digest);
  };
  return {
    name: path,
    holds: form === "docker" ? "images" : "anything",
    verifies: false,
    borrows: true,
    lanes: 1,
    manifestHas: async () => false,
    blobHas: async ({ digest }) => written.has(digest),
    async blobPut({ digest, size }, open_, { onBytes }) {
      await tar.add(blobPath(digest), size, open_(0), onBytes);
      written.add(digest);
    },
    async manifestPut(document, { tag }) {
      await putDocument(document);
      index.addReferrer(document, tag);
    },
    async finish(root) {
      await putDocument(root);
      index.name(root, name);
      if (form === "docker") await tar.add("manifest.json", ...dockerManifest(root, name));
      await tar.add("oci-layout", ...whole('{"imageLayoutVersion":"1.0.0"}'));
      await tar.add("index.json", ...whole(index.bytes));
      await tar.end();
      await rename(temporary, path);
      renamed = true;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (!renamed) await rm(temporary, { force: true });
    },
  };
}

async function checkTarget(path: string, form: "oci" | "docker"): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isFile()) throw fault("FILE_PROBLEM", { path, problem: "it is no regular file" });
  if (form === "docker") throw fault("FILE_PROBLEM", { path, problem: "it is there already, and images cannot be added to a Docker archive" });
}

/** A tar archive that grows; an entry that fails leaves nothing of itself. */
class TarFile {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #turn = new Semaphore(1);
  #position = 0;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  add(path: string, size: number, content: AsyncIterable<Uint8Array>, onBytes?: (sent: number) => void): Promise<void> {
    return this.#turn.run(async () => {
      const start = this.#position;
      try {
        await this.#write([encodeTarHeader({ path, type: "file", mode: 0o644, uid: 0, gid: 0, size, mtime: { seconds: 0, nanoseconds: 0 } })]);
        await this.#writeAll(content, onBytes);
        await this.#write([Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)]);
      } catch (error) {
        this.#position = start;
        throw outputFault(error, this.#path);
      }
    });
  }

  async end(): Promise<void> {
    await this.#write([TAR_END]);
    await this.#file.truncate(this.#position);
    await this.#file.datasync();
  }

  async #writeAll(content: AsyncIterable<Uint8Array>, onBytes?: (sent: number) => void): Promise<void> {
    this.#position += await new PieceWriter(this.#file, this.#position).writeAll(content, onBytes);
  }

  async #write(chunks: readonly Uint8Array[]): Promise<void> {
    await writeChunks(this.#file, chunks, this.#position);
    this.#position += chunks.reduce((sum, { length }) => sum + length, 0);
  }
}

function dockerManifest(root: Document, name: string | undefined): readonly [number, AsyncIterable<Uint8Array>] {
  const { config, layers } = parseManifest(root.bytes);
  const RepoTags = name === undefined ? null : [name];
  return whole(JSON.stringify([{ Config: blobPath(config.digest), RepoTags, Layers: layers.map(({ digest }) => blobPath(digest)) }]));
}

function whole(content: string | Uint8Array): readonly [number, AsyncIterable<Uint8Array>] {
  const bytes = Buffer.from(content);
  return [bytes.length, once(bytes)];
}
