import { discard, header } from "../../registry/transport/transport.ts";
import { abortMultipart, beginMultipart, completeMultipart, MOST_PARTS } from "../../s3/multipart.ts";
import type { S3Session } from "../../s3/s3-session.ts";

export interface LargeObject {
  readonly key: string;
  readonly size: number;
  readonly open: (start: number) => AsyncIterable<Uint8Array>;
  readonly onBytes: (sent: number) => void;
  readonly signal: AbortSignal;
}

/** Bytes of a part, but for objects that would have too many of them. */
const PART = 128 * 1024 * 1024;

/** Sends a large object in parts, each of which may be sent again. What fails is given up, so that nothing is left to be paid for. */
export async function putInParts(session: S3Session, object: LargeObject, smallest = PART): Promise<void> {
  const { key, size, open, onBytes, signal } = object;
  const part = Math.max(smallest, Math.ceil(size / MOST_PARTS));
  const upload = await beginMultipart(session, key, signal);
  const { uploadId } = upload;
  try {
    const tags: string[] = [];
    for (let start = 0; start < size; start += part) {
      const length = Math.min(part, size - start);
      const answer = await session.send({
        method: "PUT", key, query: { partNumber: String(tags.length + 1), uploadId }, accept: [200], signal, headers: { "content-length": String(length) }, body: () => first(open(start), length),
      });
      await discard(answer);
      tags.push(header(answer, "etag") ?? "");
      onBytes(start + length);
    }
    await completeMultipart(session, upload, tags, signal);
  } catch (error) {
    await abortMultipart(session, upload, AbortSignal.timeout(5000)).catch(() => undefined);
    throw error;
  }
}

async function* first(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = length;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
    if (left === 0) return;
  }
}
