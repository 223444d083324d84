import { createRequire } from "node:module";
import { ReadableStream } from "node:stream/web";

/** What xz-decompress exports; its own types want those of a browser. */
interface Xz {
  readonly XzReadableStream: new (input: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>;
}

/** How often the decoder may ask for input behind the end without giving output, before it counts as cut short. */
const PATIENCE = 4;

/** Unpacks xz data by WebAssembly: one stream of any number of blocks. @throws Error if it is damaged */
export async function decodeXz(pieces: Iterable<Buffer>, take: (chunk: Buffer) => void): Promise<void> {
  const { XzReadableStream } = createRequire(import.meta.url)("xz-decompress") as Xz;
  const iterator = pieces[Symbol.iterator]();
  let idle = 0;
  const input = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = iterator.next();
      if (!next.done) return controller.enqueue(next.value);
      // The decoder has its last output still to give when the input ends; but if the input was cut short, it would ask for ever.
      idle += 1;
      if (idle > PATIENCE) controller.error(new Error("unexpected end of file"));
      else controller.enqueue(new Uint8Array(0));
    },
  }, { highWaterMark: 0 });
  try {
    for await (const chunk of new XzReadableStream(input)) {
      if (chunk.length === 0) continue;
      idle = 0;
      take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
  } finally {
    iterator.return?.();
  }
}
