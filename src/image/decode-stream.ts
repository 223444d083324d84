import { Readable, type Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { fault } from "../std/fault.ts";
import type { Codec } from "../oci/media-type.ts";

/** Bytes at the beginning that tell how a stream is packed. */
export const MAGIC_LENGTH = 6;

/** How bytes are packed, by their first ones. */
export function sniffCodec(start: Uint8Array): Codec | "bzip2" | "xz" {
  const begins = (...magic: number[]): boolean => magic.every((byte, index) => start[index] === byte);
  if (begins(0x1f, 0x8b)) return "gzip";
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if (begins(0x42, 0x5a, 0x68)) return "bzip2";
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return "none";
}

/**
 * Unpacks a stream that may be gzip or zstd.
 * @param archive what messages call it
 * @throws IMAGE_ARCHIVE_INVALID for other packings, ARCHIVE_DAMAGED
 */
export async function* decodeStream(input: AsyncIterable<Uint8Array>, archive: string): AsyncGenerator<Uint8Array> {
  const iterator = input[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  try {
    while (length < MAGIC_LENGTH) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      first.push(value);
      length += value.length;
    }
    const whole = async function* (): AsyncGenerator<Uint8Array> {
      yield* first;
      yield* { [Symbol.asyncIterator]: () => iterator };
    };
    const codec = sniffCodec(Buffer.concat(first).subarray(0, MAGIC_LENGTH));
    if (codec === "none") yield* whole();
    else if (codec === "gzip") yield* unpack(whole(), createGunzip({ chunkSize: 256 * 1024 }), codec, archive);
    else if (codec === "zstd") yield* unpack(whole(), createZstdDecompress({ chunkSize: 256 * 1024 }), codec, archive);
    else throw fault("IMAGE_ARCHIVE_INVALID", { archive, problem: `it is packed with ${codec}; unpack it first, for instance with \`${codec} -d\`` });
  } finally {
    await iterator.return?.();
  }
}

async function* unpack(input: AsyncIterable<Uint8Array>, decoder: Transform, codec: string, archive: string): AsyncGenerator<Uint8Array> {
  const source = Readable.from(input, { objectMode: true, highWaterMark: 1 });
  let sourceError: unknown;
  source.on("error", (error) => {
    sourceError = error;
    decoder.destroy(error);
  });
  source.pipe(decoder);
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    if (sourceError !== undefined) throw sourceError;
    throw fault("ARCHIVE_DAMAGED", { archive, problem: `${codec}: ${(error as Error).message}` }, { cause: error });
  } finally {
    source.destroy();
    decoder.destroy();
  }
}
