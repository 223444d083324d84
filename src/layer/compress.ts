import { constants, crc32, createZstdCompress, deflateRaw, type ZlibOptions } from "node:zlib";
import { availableParallelism } from "node:os";
import type { Codec } from "../oci/media-type.ts";

/** Bytes of input that make one unit of compression: fixed, so that the output never depends on the machine. */
const BLOCK = 1024 * 1024;
/** How far back deflate looks: the end of a block is the dictionary of the next. */
const WINDOW = 32 * 1024;

export const DEFAULT_LEVEL: Record<Exclude<Codec, "none">, number> = { gzip: 4, zstd: 3 };

/** Takes bytes one after the other and hands on what comes out of them. */
export interface Compressor {
  /** Takes the bytes; they are copied or written when the promise is fulfilled. It waits while too much is on its way. */
  write(chunk: Buffer): Promise<void>;
  end(): Promise<void>;
}

/**
 * Compresses on libuv's threads while the caller goes on. The same bytes give the same output on every machine with
 * the same zlib or zstd, whatever the sizes of the chunks.
 * @param output takes pieces of the result in their order
 */
export function createCompressor(codec: Codec, output: (piece: Buffer) => void, options: { level?: number } = {}): Compressor {
  if (codec === "none") return { write: async (chunk) => output(chunk), end: async () => undefined };
  const level = options.level ?? DEFAULT_LEVEL[codec];
  return inBlocks(codec === "gzip" ? gzip(level, output) : zstd(level, output));
}

/** Takes blocks of exactly {@link BLOCK} bytes, the last one shorter; it may keep them. */
interface BlockCompressor {
  block(block: Buffer, last: boolean): Promise<void>;
}

function inBlocks(compressor: BlockCompressor): Compressor {
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let filled = 0;
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (filled === BLOCK) {
          const full = block;
          block = Buffer.allocUnsafeSlow(BLOCK);
          filled = 0;
          await compressor.block(full, false);
        }
        const count = Math.min(BLOCK - filled, chunk.length - at);
        chunk.copy(block, filled, at, at + count);
        filled += count;
        at += count;
      }
    },
    end: () => compressor.block(block.subarray(0, filled), true),
  };
}

/**
 * One gzip member of raw deflate blocks that are made in parallel (as pigz does): each ends at a byte boundary by
 * a sync flush and has the end of the block before it as its dictionary.
 */
function gzip(level: number, output: (piece: Buffer) => void): BlockCompressor {
  let previous: Buffer | undefined;
  let checksum = 0;
  let size = 0;
  // No name, no time; OS byte 255 (unknown), as Go's writer has it (RFC 1952, section 2.3.1).
  output(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]));
  const lanes = inOrder<Buffer>(output);
  return {
    async block(block, last) {
      checksum = crc32(block, checksum);
      size += block.length;
      const dictionary = previous?.subarray(-WINDOW);
      previous = block;
      await lanes.add(
        deflate(block, {
          level,
          memLevel: 9,
          chunkSize: block.length + (block.length >> 8) + 1024,
          finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
          ...(dictionary === undefined ? {} : { dictionary }),
        }),
      );
      if (!last) return;
      await lanes.drain();
      const trailer = Buffer.alloc(8);
      trailer.writeUInt32LE(checksum, 0);
      trailer.writeUInt32LE(size % 2 ** 32, 4);
      output(trailer);
    },
  };
}

function deflate(block: Buffer, options: ZlibOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    deflateRaw(block, options, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

/** Hands results on in the order in which the work was added, with a bound on the work under way. */
function inOrder<T>(output: (result: T) => void): { add(work: Promise<T>): Promise<void>; drain(): Promise<void> } {
  const limit = availableParallelism() + 2;
  const underWay: Promise<T>[] = [];
  const next = async (): Promise<void> => output(await underWay.shift()!);
  return {
    async add(work) {
      work.catch(() => undefined); // it is awaited later
      underWay.push(work);
      while (underWay.length >= limit) await next();
    },
    async drain() {
      while (underWay.length > 0) await next();
    },
  };
}

function zstd(level: number, output: (piece: Buffer) => void): BlockCompressor {
  const stream = createZstdCompress({
    chunkSize: BLOCK,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  stream.on("data", output);
  const finished = new Promise<void>((resolve, reject) => stream.once("end", resolve).once("error", reject));
  finished.catch(() => undefined); // it is awaited at the end
  return {
    async block(block, last) {
      await Promise.race([new Promise<void>((resolve) => stream.write(block, () => resolve())), finished]);
      if (!last) return;
      stream.end();
      await finished;
    },
  };
}
