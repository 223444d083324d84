import { availableParallelism } from "node:os";
import { constants, createDeflateRaw, createZstdCompress, crc32, deflateRawSync, type DeflateRaw, type ZlibOptions, type ZstdCompress } from "node:zlib";
import type { Codec } from "../oci/media-type.ts";
import { freeBuffer } from "../std/free-buffer.ts";
import { readAhead } from "../std/read-ahead.ts";
import { SpareMemory } from "../std/spare-memory.ts";
import { unstoppable } from "../std/unstoppable.ts";

/**
 * Bytes of input that make one unit of compression: fixed, so that the output never depends on the machine. A zstd block
 * knows nothing of the one before it; at this size that costs 1.6 %, at twice the size 1.0 %.
 */
const BLOCK = { gzip: 1024 * 1024, zstd: 2 * 1024 * 1024 } as const;
/** Blocks are used again, for the next layer too: garbage of this size would pile up before it is collected. */
const SPARE = { gzip: new SpareMemory(BLOCK.gzip, 8), zstd: new SpareMemory(BLOCK.zstd, 8) } as const;
/** Bytes that are compressed sooner than libuv's threads have come up. */
const AT_ONCE = 64 * 1024;
/** How far back deflate looks: the end of a block is the dictionary of the next. */
const WINDOW = 32 * 1024;

/**
 * gzip 2: 110 MB/s and core and 4 % larger than level 4, which takes a quarter more time; level 6 takes twice the time
 * for 7 % less. zstd 1: two to three times as fast as gzip 2, and 3 % smaller; level 3 takes two to three times as long for
 * 10 % less.
 */
export const DEFAULT_LEVEL: Readonly<Record<Codec, number>> = { none: 0, gzip: 2, zstd: 1 };

/** Takes bytes one after the other and hands on what comes out of them. */
export interface Compressor {
  /** Takes the bytes; they may be overwritten when the promise is fulfilled. It waits while too much is on its way. */
  write(chunk: Buffer): Promise<void>;
  end(): Promise<void>;
}

/**
 * Compresses on libuv's threads while the caller goes on. The same bytes give the same output wherever zlib and zstd
 * have the same version, whatever the number of cores and the sizes of the chunks.
 * @param output takes pieces of the result in their order; it must not keep them
 */
export function createCompressor(codec: Codec, output: (piece: Buffer) => void, options: { level?: number } = {}): Compressor {
  if (codec === "none") return { write: async (chunk) => output(chunk), end: async () => undefined };
  const level = options.level ?? DEFAULT_LEVEL[codec];
  return inBlocks(codec === "gzip" ? gzip(level, output) : zstd(level, output), SPARE[codec], BLOCK[codec]);
}

/**
 * Takes blocks of one size, the last one shorter.
 * @returns a block that it does not need any more, if there is one
 */
type TakeBlock = (block: Buffer, last: boolean) => Promise<Buffer | undefined>;

function inBlocks(take: TakeBlock, spare: SpareMemory, size: number): Compressor {
  const own = [spare.take()];
  let block = own[0]!;
  let filled = 0;
  const further = (): Buffer => own[own.push(spare.take()) - 1]!;
  return {
    async write(chunk) {
      for (let at = 0; at < chunk.length; ) {
        if (filled === size) {
          block = (await take(block, false)) ?? further();
          filled = 0;
        }
        const count = chunk.copy(block, filled, at);
        filled += count;
        at += count;
      }
    },
    async end() {
      await take(block.subarray(0, filled), true);
      for (const block of own) spare.give(block);
    },
  };
}

/**
 * One gzip member of raw deflate blocks that are made in parallel (as pigz does): each ends at a byte boundary by
 * a sync flush and has the end of the block before it as its dictionary.
 */
function gzip(level: number, output: (piece: Buffer) => void): TakeBlock {
  let previous: Buffer | undefined;
  let checksum = 0;
  let size = 0;
  // No name, no time; OS byte 255 (unknown), as Go's writer has it (RFC 1952, section 2.3.1).
  output(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]));
  const line = inOrder(output);
  return async (block, last) => {
    checksum = crc32(block, checksum);
    size += block.length;
    const dictionary = previous?.subarray(-WINDOW);
    previous = block;
    const dense = isDense(block);
    const done = await line.add(
      deflate(block, {
        level: dense ? 0 : level,
        memLevel: 9,
        flush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
        ...(dictionary === undefined ? {} : { dictionary }),
      }),
      block,
    );
    if (!last) return done;
    await line.drain();
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(checksum, 0);
    trailer.writeUInt32LE(size % 2 ** 32, 4);
    output(trailer);
    return undefined;
  };
}

/** For the whole result of a block. */
const ROOM = {
  gzip: { chunkSize: BLOCK.gzip + 4096, readableHighWaterMark: 2 * BLOCK.gzip },
  zstd: { chunkSize: BLOCK.zstd + 16 * 1024, readableHighWaterMark: 2 * BLOCK.zstd },
} as const;

async function deflate(block: Buffer, options: ZlibOptions & { readonly flush: number }): Promise<Buffer> {
  if (block.length <= AT_ONCE) return unstoppable(() => deflateRawSync(block, { ...options, finishFlush: options.flush }));
  return inOneStep(unstoppable(() => createDeflateRaw({ ...options, ...ROOM.gzip })), block);
}

const SAMPLES = 4096;
const TASTE = 16 * 1024;

/**
 * Whether a block is compressed already (images, archives, wheels), so that deflate would only take time: its bytes
 * are spread evenly, and three tastes of it do not get smaller.
 */
function isDense(block: Buffer): boolean {
  if (block.length < 4 * TASTE) return false;
  const counts = new Uint16Array(256);
  const stride = Math.floor(block.length / SAMPLES);
  for (let index = 0; index < SAMPLES; index += 1) counts[block[index * stride]!]! += 1;
  // A byte of random data is expected SAMPLES / 256 = 16 times; the chi-square sum of 255 of them is 255 ± 23.
  let spread = 0;
  for (const count of counts) spread += (count - 16) ** 2 / 16;
  if (spread > 400) return false;
  for (const part of [0, 0.5, 1]) {
    const start = Math.floor((block.length - TASTE) * part);
    const tasted = unstoppable(() => deflateRawSync(block.subarray(start, start + TASTE), { level: 1, chunkSize: 8 * TASTE }));
    const { length } = tasted;
    freeBuffer(tasted);
    if (length < TASTE * 0.98) return false;
  }
  return true;
}

/** How many there are unless UV_THREADPOOL_SIZE says otherwise; more blocks under way would only take memory. */
const LIBUV_THREADS = 4;

/**
 * Hands results on in the order in which the work was added, with a bound on the work under way.
 * `add` gives the last block whose work is done; the one after it has been started by then, so its end is no dictionary any more.
 */
function inOrder(output: (result: Buffer) => void): { add(work: Promise<Buffer>, block: Buffer): Promise<Buffer | undefined>; drain(): Promise<void> } {
  const limit = Math.min(availableParallelism(), LIBUV_THREADS) + 2;
  const underWay: { work: Promise<Buffer>; block: Buffer }[] = [];
  const next = async (): Promise<Buffer> => {
    const { work, block } = underWay.shift()!;
    const result = await work;
    output(result);
    freeBuffer(result);
    return block;
  };
  return {
    async add(work, block) {
      work.catch(() => undefined); // it is awaited later
      underWay.push({ work, block });
      return underWay.length < limit ? undefined : next();
    },
    async drain() {
      while (underWay.length > 0) await next();
    },
  };
}

/**
 * A frame with size and checksum for each block, so that they are made in parallel. All decoders read frames one after the
 * other as one stream (RFC 8878, section 3); the library's own threads (ZSTD_c_nbWorkers) make broken frames in Node.
 */
function zstd(level: number, output: (piece: Buffer) => void): TakeBlock {
  const line = inOrder(output);
  return async (block, last) => {
    const done = await line.add(compressFrame(block, level), block);
    if (last) await line.drain();
    return done;
  };
}

function compressFrame(block: Buffer, level: number): Promise<Buffer> {
  return inOneStep(unstoppable(() => createZstdCompress({
    ...ROOM.zstd,
    pledgedSrcSize: block.length,
    flush: constants.ZSTD_e_end,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  })), block);
}

/**
 * All of the block in one step, in one turn of a thread. As `zlib`'s own functions do it, in two, zstd copies the block to memory
 * of its own first and compresses that, which takes a sixth longer; and deflate's result is copied together from two pieces,
 * whose memory is collected late.
 * @param stream with room for the whole result in one chunk and below its mark (what is not used of it costs nothing), and with a `flush` that completes it
 */
function inOneStep(stream: DeflateRaw | ZstdCompress, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.write(block, (error) => {
      if (error) return; // told by the event
      resolve(readAhead(stream));
      stream.close(); // the end would bring something more: zstd another frame, with nothing in it
    });
  });
}
