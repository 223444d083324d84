import type { LayerEntry } from "../layer/entry.ts";
import { cleanPath } from "../layer/parse-tar-header.ts";
import { createTarReader } from "../layer/read-tar.ts";
import { isDigest, type Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/manifest.ts";
import { fault, isFault } from "../std/fault.ts";
import type { BlobTarget } from "./blobs.ts";
import { ByteChannel } from "./byte-channel.ts";
import { MAGIC_LENGTH, sniffCodec } from "./decode-stream.ts";

/** A file of an archive: small ones in memory, the others in the target. */
export interface ArchivedFile {
  readonly bytes?: Uint8Array | undefined;
  readonly digest?: Digest | undefined;
  readonly size: number;
  readonly packing: ReturnType<typeof sniffCodec>;
}

/** What an archive holds, by path. */
export interface ArchiveContents {
  /** The file at that path, symlinks and hard links followed inside the archive. */
  file(path: string): ArchivedFile | undefined;
}

/** An image archive has a few hundred entries; a million are an attack on memory. */
const ENTRY_LIMIT = 100_000;
/** Documents are kept in memory up to this size each, other small files up to the second one, all together up to the third. */
const DOCUMENT_LIMIT = MANIFEST_LIMIT;
const SMALL_LIMIT = 64 * 1024;
const MEMORY_LIMIT = 64 * 1024 * 1024;
/** Pieces that the reader gets at a time, which bounds how many blobs are being written at once. */
const PIECE = 64 * 1024;

/**
 * Reads an archive once, from beginning to end, in whatever order its entries are. Nothing is written by the archive's
 * paths: blobs go to the target by their digests (`blobs/sha256/…` must have the content that its name says), every
 * other file by the digest that it turns out to have.
 * @throws ARCHIVE_INVALID, IMAGE_ARCHIVE_INVALID, and what the target throws
 */
export async function scanArchive(
  input: AsyncIterable<Uint8Array>,
  target: BlobTarget,
  options: { readonly archive: string; readonly signal?: AbortSignal | undefined },
): Promise<ArchiveContents> {
  const { archive, signal } = options;
  const files = new Map<string, ArchivedFile>();
  const links = new Map<string, string>();
  const channels = new Set<ByteChannel>();
  const writes = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  let entries = 0;
  let memory = 0;
  let receiver: Receiver | undefined;

  const receive = (entry: LayerEntry): Receiver | undefined => {
    const { path, size } = entry;
    const expected = blobDigest(path);
    if (expected !== undefined && target.has(expected)) return known(expected, (file) => files.set(path, file), size);
    if (expected === undefined) {
      if (isLegacy(path)) return undefined;
      if (size <= (path.endsWith(".json") ? DOCUMENT_LIMIT : SMALL_LIMIT) && memory + size <= MEMORY_LIMIT) {
        memory += size;
        return inMemory((file) => files.set(path, file));
      }
    }
    const channel = new ByteChannel();
    const magic = new MagicBytes();
    const work = target.write(channel, { digest: expected, size, signal }).then(
      (written) => void files.set(path, { ...written, packing: magic.packing }),
      (error: unknown) => { failure ??= { error: explain(error, archive, path) }; },
    ).finally(() => { channels.delete(channel); writes.delete(work); });
    channels.add(channel);
    writes.add(work);
    return {
      data: (chunk) => { magic.add(chunk); channel.push(chunk); },
      end: () => channel.end(),
    };
  };

  const reader = createTarReader(archive, {
    entry(entry) {
      entries += 1;
      if (entries > ENTRY_LIMIT) throw fault("IMAGE_ARCHIVE_INVALID", { archive, problem: `it has more than ${ENTRY_LIMIT} entries` });
      receiver = undefined;
      if (entry.type === "file") receiver = receive(entry);
      else if (entry.type === "symlink") links.set(entry.path, linkTarget(entry.path, entry.linkTarget ?? ""));
      else if (entry.type === "hardlink") links.set(entry.path, entry.linkTarget ?? "");
    },
    data: (chunk) => receiver?.data(chunk),
    end: () => receiver?.end(),
  });

  try {
    for await (const chunk of input) {
      for (let at = 0; at < chunk.length; at += PIECE) {
        signal?.throwIfAborted();
        reader.write(asBuffer(chunk.subarray(at, at + PIECE)));
        await Promise.all([...channels].map((channel) => channel.drained()));
        if (failure !== undefined) throw failure.error;
      }
    }
    reader.finish();
    await Promise.all(writes);
    if (failure !== undefined) throw failure.error;
  } catch (error) {
    for (const channel of channels) channel.fail(error);
    await Promise.all(writes);
    throw error;
  }
  return {
    file(path) {
      let at = cleanPath(path);
      for (let steps = 0; steps < 16; steps += 1) {
        const found = files.get(at);
        if (found !== undefined) return found;
        const next = links.get(at);
        if (next === undefined) return undefined;
        at = next;
      }
      return undefined;
    },
  };
}

interface Receiver {
  data(chunk: Buffer): void;
  end(): void;
}

/** The first bytes of a file. */
class MagicBytes {
  #start = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    if (this.#start.length < MAGIC_LENGTH) this.#start = Buffer.concat([this.#start, chunk.subarray(0, MAGIC_LENGTH - this.#start.length)]);
  }

  get packing(): ReturnType<typeof sniffCodec> {
    return sniffCodec(this.#start);
  }
}

function inMemory(done: (file: ArchivedFile) => void): Receiver {
  const chunks: Buffer[] = [];
  return {
    data: (chunk) => void chunks.push(Buffer.from(chunk)),
    end: () => {
      const bytes = Buffer.concat(chunks);
      done({ bytes, size: bytes.length, packing: sniffCodec(bytes) });
    },
  };
}

/** A blob that the target has already is only passed over. */
function known(digest: Digest, done: (file: ArchivedFile) => void, size: number): Receiver {
  const magic = new MagicBytes();
  return { data: (chunk) => magic.add(chunk), end: () => done({ digest, size, packing: magic.packing }) };
}

function blobDigest(path: string): Digest | undefined {
  const match = /^blobs\/(sha256|sha512)\/([a-f0-9]+)$/.exec(path);
  const digest = match && `${match[1]}:${match[2]}`;
  return digest && isDigest(digest) ? digest : undefined;
}

/** Files that only Docker before 1.10 read. */
function isLegacy(path: string): boolean {
  return path === "repositories" || /^[a-f0-9]{64}\/(?:VERSION|json)$/.test(path);
}

/** A symlink's target as a path of the archive. */
function linkTarget(path: string, target: string): string {
  return cleanPath(target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/") + 1)}${target}`);
}

function explain(error: unknown, archive: string, path: string): unknown {
  if (!isFault(error, "BLOB_MISMATCH")) return error;
  return fault("IMAGE_ARCHIVE_INVALID", { archive, problem: `${path} has not the content that its name promises` }, { cause: error });
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}
