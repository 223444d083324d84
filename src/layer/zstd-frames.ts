import { fault } from "../std/fault.ts";

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const FRAME_START = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** What the next bytes are. Numbers are collected, everything else is only counted. */
type Part = "magic" | "descriptor" | "header" | "block" | "content" | "skipSize" | "skipped";
const NUMBERS: ReadonlySet<Part> = new Set(["magic", "descriptor", "block", "skipSize"]);
const OUTSIDE: ReadonlySet<Part> = new Set(["magic", "skipSize", "skipped"]);

/**
 * Cuts zstd data so that no piece reaches beyond the end of a frame, and drops skippable frames: node:zlib's
 * decoder forgets what follows a frame in the same piece, and `zstd:chunked` layers have many frames
 * (RFC 8878, section 3.1).
 * @throws ARCHIVE_DAMAGED for what is no frame, and for a frame that is cut short.
 */
export function* splitZstdFrames(pieces: Iterable<Buffer>, archive: string): Generator<Buffer> {
  let part: Part = "magic";
  let need = 4;
  let value = 0;
  let scale = 1;
  let checksum = 0;
  let lastBlock = false;
  const expect = (next: Part, bytes: number): void => {
    [part, need, value, scale] = [next, bytes, 0, 1];
  };
  for (const piece of pieces) {
    let begin = 0;
    let at = 0;
    while (at < piece.length) {
      if (NUMBERS.has(part)) {
        value += piece[at]! * scale;
        scale *= 256;
        at += 1;
        need -= 1;
      } else {
        const count = Math.min(need, piece.length - at);
        at += count;
        need -= count;
      }
      while (need === 0) {
        if (part === "magic") {
          if (value === MAGIC) {
            yield FRAME_START;
            begin = at;
            expect("descriptor", 1);
          } else if (value - (value % 16) === SKIPPABLE) expect("skipSize", 4);
          else throw damaged(archive, "unknown frame");
        } else if (part === "skipSize") expect("skipped", value);
        else if (part === "skipped") expect("magic", 4);
        else if (part === "descriptor") {
          checksum = (value & 4) === 0 ? 0 : 4;
          expect("header", headerLength(value));
        } else if (part === "header") expect("block", 3);
        else if (part === "block") {
          lastBlock = (value & 1) === 1;
          const type = (value >> 1) & 3;
          if (type === 3) throw damaged(archive, "unknown block");
          expect("content", (type === 1 ? 1 : value >> 3) + (lastBlock ? checksum : 0));
        } else if (!lastBlock) expect("block", 3);
        else {
          yield piece.subarray(begin, at);
          expect("magic", 4);
        }
      }
    }
    if (!OUTSIDE.has(part) && at > begin) yield piece.subarray(begin, at);
  }
  if (part !== "magic" || need !== 4) throw damaged(archive, "unexpected end of file");
}

/** Bytes of window descriptor, dictionary id and content size that a frame header descriptor announces. */
function headerLength(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSize;
}

function damaged(archive: string, problem: string): Error {
  return fault("ARCHIVE_DAMAGED", { archive, problem: `zstd: ${problem}` });
}
