import { once } from "node:events";
import type { Writable } from "node:stream";
import { Code, ConnectError } from "@connectrpc/connect";

/** What precedes a message: whether it is packed, and its length. */
const HEAD = 5;
const MOST = 64 * 1024 * 1024;

/** A message whose last field holds much: its beginning in a frame, to be written before the bytes themselves, which are not copied. */
export function frameHead(fields: readonly number[], bytesTag: number, length: number): Buffer {
  const message = [...fields, bytesTag, ...varint(length)];
  const head = Buffer.allocUnsafe(HEAD + message.length);
  head[0] = 0;
  head.writeUInt32BE(message.length + length, 1);
  head.set(message, HEAD);
  return head;
}

/** A whole message in its frame. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEAD + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, HEAD);
  return framed;
}

/** A number as protobuf writes it. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

/** The messages of a stream. @throws ConnectError for what are no frames of messages that are not packed */
export async function* readFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const parts: Buffer[] = [];
  let [size, needed] = [0, HEAD];
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size < needed) continue;
    const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    let at = 0;
    needed = HEAD;
    while (whole.length - at >= needed) {
      const length = whole.readUInt32BE(at + 1);
      if (whole[at] !== 0 || length > MOST) throw new ConnectError("a message is packed or too long", Code.Internal);
      needed = HEAD + length;
      if (whole.length - at < needed) break;
      yield whole.subarray(at + HEAD, at + needed);
      at += needed;
      needed = HEAD;
    }
    parts.splice(0, parts.length, whole.subarray(at));
    size = whole.length - at;
  }
  if (size > 0) throw new ConnectError("the stream ended inside of a message", Code.DataLoss);
}

/** Writes pieces at once, and waits where the other side does not keep up. @throws ConnectError where it is gone */
export async function writePieces(output: Writable, pieces: readonly Uint8Array[]): Promise<void> {
  if (!output.writable) throw gone();
  output.cork();
  let flows = true;
  for (const piece of pieces) flows = output.write(piece);
  output.uncork();
  if (flows) return;
  const ended = new AbortController();
  try {
    await Promise.race([once(output, "drain", { signal: ended.signal }), once(output, "close", { signal: ended.signal })]);
  } finally {
    ended.abort();
  }
  if (!output.writable) throw gone();
}

function gone(): ConnectError {
  return new ConnectError("the connection ended", Code.Canceled);
}
