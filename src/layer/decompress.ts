import { closeSync, openSync, readSync } from "node:fs";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress, constants } from "node:zlib";
import type { Codec } from "../oci/media-type.ts";
import { fault, isFault } from "../std/fault.ts";
import { splitZstdFrames } from "./zstd-frames.ts";

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

/**
 * Unpacks compressed bytes; libuv's threads work on the next piece while the caller handles one.
 * All members of a gzip file and all frames of a zstd file are read.
 * @param archive what messages call it
 * @throws ARCHIVE_DAMAGED
 */
export async function* decompress(pieces: Iterable<Buffer>, codec: Codec, archive: string): AsyncGenerator<Buffer> {
  if (codec === "none") {
    yield* pieces;
    return;
  }
  const options = { chunkSize: PIECE, readableHighWaterMark: PIECE };
  const decoder: Transform = codec === "gzip" ? createGunzip(options) : createZstdDecompress({ ...options, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
  const input = codec === "gzip" ? pieces : splitZstdFrames(pieces, archive);
  const feeding = pipeline(Readable.from(input, { objectMode: true, highWaterMark: 1 }), decoder);
  feeding.catch(() => undefined); // the loop below sees the same error
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    if (isFault(error) || !/^(?:Z_|ZSTD_|ERR_ZLIB)/.test((error as NodeJS.ErrnoException).code ?? "")) throw error;
    throw fault("ARCHIVE_DAMAGED", { archive, problem: `${codec}: ${(error as Error).message}` }, { cause: error });
  }
}
