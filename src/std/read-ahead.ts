import type { Readable } from "node:stream";

/** All bytes that a stream has read ahead. Up to Node 25 one `read()` gives them, from 26 on it gives a piece. */
export function readAhead(stream: Readable): Buffer {
  const pieces: Buffer[] = [];
  const next = (): Buffer | null => stream.read() as Buffer | null;
  for (let piece = next(); piece !== null; piece = stream.readableLength > 0 ? next() : null) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}
