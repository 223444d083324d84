import { discard, header } from "../../registry/transport/transport.ts";
import { fault } from "../../std/fault.ts";
import type { S3Session } from "./s3-session.ts";

export interface LargeObject {
  readonly key: string;
  readonly size: number;
  readonly open: (start: number) => AsyncIterable<Uint8Array>;
  readonly onBytes: (sent: number) => void;
  readonly signal: AbortSignal;
}

/** Bytes of a part, but for objects of more than 10,000 of them, which is as many as the service takes. */
const PART = 128 * 1024 * 1024;
const MOST_PARTS = 10_000;

/** Sends a large object in parts, each of which may be sent again. What fails is given up, so that nothing is left to be paid for. */
export async function putInParts(session: S3Session, object: LargeObject, smallest = PART): Promise<void> {
  const { key, size, open, onBytes, signal } = object;
  const part = Math.max(smallest, Math.ceil(size / MOST_PARTS));
  const opened = await session.text({ method: "POST", key, query: { uploads: "" }, accept: [200], signal, headers: { "content-length": "0" } });
  const uploadId = /<UploadId>([^<]+)<\/UploadId>/.exec(opened)?.[1];
  if (uploadId === undefined) throw fault("S3_REFUSED", { place: key, request: "opening an upload", status: 200, message: "the answer names no upload" });
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
    const list = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</ETag></Part>`).join("");
    const body = Buffer.from(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list}</CompleteMultipartUpload>`);
    const closed = await session.text({ method: "POST", key, query: { uploadId }, accept: [200], signal, headers: { "content-length": String(body.length), "content-type": "application/xml" }, body: () => body });
    // What fails at the end is told in a body with status 200.
    const [, code] = /<Error>[\s\S]*<Code>([^<]+)<\/Code>/.exec(closed) ?? [];
    if (code !== undefined) throw fault("S3_REFUSED", { place: key, request: "closing an upload", status: 200, code });
  } catch (error) {
    await session.send({ method: "DELETE", key, query: { uploadId }, accept: [204, 404], signal: AbortSignal.timeout(5000) }).then(discard, () => undefined);
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
