import { createRequire } from "node:module";

/** The part of seek-bzip that is used; the package has no types. */
interface Bunzip {
  decode(input: BzipInput, output: { writeByte(byte: number): void }, multistream: boolean): void;
}

interface BzipInput {
  readByte(): number;
  read(buffer: Uint8Array, offset: number, length: number): number;
  eof(): boolean;
}

const OUTPUT = 256 * 1024;

/** Unpacks bzip2 data, several streams in a row too. Synchronous, with the memory of one block. @throws Error if it is damaged */
export function decodeBzip2(pieces: Iterable<Buffer>, take: (chunk: Buffer) => void): void {
  const bunzip = createRequire(import.meta.url)("seek-bzip") as Bunzip;
  const iterator = pieces[Symbol.iterator]();
  let piece: Buffer = Buffer.alloc(0);
  let at = 0;
  const more = (): boolean => {
    while (at === piece.length) {
      const next = iterator.next();
      if (next.done) return false;
      [piece, at] = [next.value, 0];
    }
    return true;
  };
  const output = Buffer.allocUnsafe(OUTPUT);
  let filled = 0;
  const readByte = (): number => {
    if (!more()) throw new Error("unexpected end of file");
    return piece[at++]!;
  };
  const input: BzipInput = {
    readByte,
    read(buffer, offset, length) {
      for (let index = 0; index < length; index += 1) buffer[offset + index] = readByte();
      return length;
    },
    eof: () => !more(),
  };
  const writeByte = (byte: number): void => {
    output[filled++] = byte;
    if (filled < OUTPUT) return;
    filled = 0;
    take(output);
  };
  try {
    bunzip.decode(input, { writeByte }, true);
    if (filled > 0) take(output.subarray(0, filled));
  } finally {
    iterator.return?.();
  }
}
