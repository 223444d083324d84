import { closeSync, openSync, readSync } from "node:fs";
import type { Transform } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { Codec } from "../oci/media-type.ts";
import { fault, isFault } from "../std/fault.ts";
import { freeBuffer } from "../std/free-buffer.ts";
import { unstoppable } from "../std/unstoppable.ts";
import { decodeBzip2 } from "./decode-bzip2.ts";
import { decodeXz } from "./decode-xz.ts";
import { splitZstdFrames } from "./zstd-frames.ts";

/** How an archive can be packed; layers know the first three only. */
export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/** Large pieces: each one costs a way to libuv's threads and back. */
const PIECE = 1024 * 1024;

/** The bytes of a file in large pieces, read synchronously. Each piece is its own memory. */
export function* readPieces(path: string, onBytes?: (count: number) => void): Generator<Buffer> {
  const file = openSync(path, "r");
  try {
    for (;;) {
      const piece = Buffer.allocUnsafeSlow(PIECE);
      const count = readSync(file, piece, 0, PIECE, null);
      if (count === 0) return;
      onBytes?.(count);
      yield piece.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

/** Hands pieces on and gives their memory back when the next one is asked for. */
export function* freed(pieces: Iterable<Buffer>): Generator<Buffer> {
  for (const piece of pieces) {
    yield piece;
    freeBuffer(piece);
  }
}

/**
 * Unpacks compressed bytes; with gzip and zstd libuv's threads work on the next piece while `take` handles one.
 * All members of a gzip file, frames of a zstd file and streams of a bzip2 file are read.
 * @param archive what messages call it
 * @param take gets the bytes in order; when it throws, the work ends with that error
 * @param chunkSize bytes that `take` gets at a time, for who wants to see the beginning of what is damaged behind it
 * @throws ARCHIVE_DAMAGED
 */
export async function decompress(
  pieces: Iterable<Buffer>, compression: Compression, archive: string, take: (chunk: Buffer) => void, chunkSize = PIECE,
): Promise<void> {
  if (compression === "gzip" || compression === "zstd") {
    for await (const chunk of decompressed(pieces, compression, archive, chunkSize)) take(chunk);
    return;
  }
  let taking = false;
  const handle = (chunk: Buffer): void => {
    taking = true;
    take(chunk);
    taking = false;
  };
  try {
    if (compression === "none") for (const piece of pieces) handle(piece);
    else if (compression === "bzip2") decodeBzip2(pieces, handle);
    else await decodeXz(pieces, handle);
  } catch (error) {
    // What `take` throws is no damage of the data.
    throw taking ? error : damage(error, compression, archive);
  }
}

/**
 * The bytes of a compressed layer in order; libuv's threads work on the next piece while the reader handles one. A piece
 * has been worked off when the next one is asked for.
 * @throws ARCHIVE_DAMAGED
 */
export async function* decompressed(pieces: Iterable<Buffer>, compression: Codec, archive: string, chunkSize = PIECE): AsyncGenerator<Buffer, void, undefined> {
  if (compression === "none") return yield* pieces;
  const decoder = decoderOf(compression, chunkSize);
  feed(decoder, compression === "gzip" ? pieces : splitZstdFrames(pieces, archive));
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    throw damage(error, compression, archive);
  }
}

/** Writes one piece after the other, each when the one before it has been worked off. */
function feed(decoder: Transform, pieces: Iterable<Buffer>): void {
  const write = (piece: Buffer): Promise<void> =>
    new Promise((resolve, reject) => decoder.write(piece, (error) => (error ? reject(error) : resolve())));
  const all = async (): Promise<void> => {
    for (const piece of pieces) await write(piece);
    decoder.end();
  };
  all().catch((error: unknown) => decoder.destroy(error as Error));
}

/** What is wrong with the data, as a fault; what reading the file throws stays as it is. */
function damage(error: unknown, compression: Compression, archive: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (isFault(error) || (code !== undefined && !/^(?:Z_|ZSTD_|ERR_ZLIB)/.test(code))) return error;
  return fault("ARCHIVE_DAMAGED", { archive, problem: `${compression}: ${message}` }, { cause: error });
}

function decoderOf(compression: "gzip" | "zstd", chunkSize: number): Transform {
  const options = { chunkSize, readableHighWaterMark: chunkSize };
  return unstoppable(() => (compression === "gzip" ? createGunzip(options) : createZstdDecompress({ ...options, params: { [constants.ZSTD_d_windowLogMax]: 27 } })));
}
