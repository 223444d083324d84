import { createCompressor } from "../../layer/compress.ts";

/** The bytes packed with gzip, from a position of the result on; the same bytes give the same result each time. */
export async function* gzipped(source: AsyncIterable<Uint8Array>, start = 0): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces: Buffer[] = [];
  // The compressor takes the memory of its pieces back.
  const compressor = createCompressor("gzip", (piece) => void pieces.push(Buffer.from(piece)));
  let left = start;
  const ready = function* (): Generator<Uint8Array, void, undefined> {
    for (const piece of pieces.splice(0)) {
      const rest = piece.subarray(Math.min(left, piece.length));
      left -= piece.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  };
  for await (const chunk of source) {
    await compressor.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    yield* ready();
  }
  await compressor.end();
  yield* ready();
}
