import { createHash } from "node:crypto";
import { discard, header } from "../registry/transport/transport.ts";
import { fault, isFault } from "../std/fault.ts";
import type { S3Session } from "./s3-session.ts";

/** An object that is written in parts. */
export interface MultipartUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** As many parts as the service takes. */
export const MOST_PARTS = 10_000;
/** Bytes of every part but the last one. */
export const SMALLEST_PART = 5 * 1024 * 1024;

/** Errors that come in a body with status 200, and may not come again. */
const PASSING = new Set(["InternalError", "ServiceUnavailable", "SlowDown", "RequestTimeout", "OperationAborted"]);
const ATTEMPTS = 4;

/** @throws S3_REFUSED, S3_UNREACHABLE */
export async function beginMultipart(session: S3Session, key: string, signal: AbortSignal): Promise<MultipartUpload> {
  const headers = { "content-length": "0", "content-type": "application/octet-stream" };
  const opened = await session.text({ method: "POST", key, query: { uploads: "" }, accept: [200], signal, headers });
  const uploadId = textOf(opened, "UploadId");
  if (uploadId === undefined) throw fault("S3_REFUSED", { place: key, request: "opening an upload", status: 200, message: "the answer names no upload" });
  return { key, uploadId };
}

/** Sends a part that is in memory; the service compares it with its hash. @returns its ETag */
export async function putPart(session: S3Session, { key, uploadId }: MultipartUpload, number: number, chunks: readonly Uint8Array[], signal: AbortSignal): Promise<string> {
  return etagOf(await session.send({ method: "PUT", key, query: { partNumber: String(number), uploadId }, accept: [200], signal, ...bodyOf(chunks) }), key);
}

/** Makes another object of the bucket a part, without its bytes coming here. @returns its ETag */
export async function copyPart(session: S3Session, { key, uploadId }: MultipartUpload, number: number, source: string, signal: AbortSignal): Promise<string> {
  const headers = { "content-length": "0", "x-amz-copy-source": session.copySource(source) };
  const answer = await repeated(() => session.text({ method: "PUT", key, query: { partNumber: String(number), uploadId }, accept: [200], signal, headers }), key, "copying a part");
  const etag = textOf(answer, "ETag");
  if (etag === undefined) throw fault("S3_REFUSED", { place: key, request: "copying a part", status: 200, message: "the answer has no ETag" });
  return etag;
}

/** Makes the object of its parts, by their ETags in order. */
export async function completeMultipart(session: S3Session, { key, uploadId }: MultipartUpload, etags: readonly string[], signal: AbortSignal): Promise<void> {
  const list = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</ETag></Part>`).join("");
  const body = Buffer.from(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list}</CompleteMultipartUpload>`);
  const headers = { "content-length": String(body.length), "content-type": "application/xml" };
  await repeated(() => session.text({ method: "POST", key, query: { uploadId }, accept: [200], signal, headers, body: () => body }), key, "closing an upload");
}

/** Gives an object up that is written in parts, so that nothing is left to be paid for. */
export async function abortMultipart(session: S3Session, { key, uploadId }: MultipartUpload, signal: AbortSignal): Promise<void> {
  await discard(await session.send({ method: "DELETE", key, query: { uploadId }, accept: [200, 204, 404], signal }));
}

/** Headers and body of a request that sends bytes which are in memory. */
export function bodyOf(chunks: readonly Uint8Array[]): { headers: Record<string, string>; body: () => AsyncIterable<Uint8Array> | Uint8Array; bodyHash: string } {
  const hash = createHash("sha256");
  let size = 0;
  for (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.length;
  }
  return {
    headers: { "content-length": String(size), "content-type": "application/octet-stream" },
    body: () => (chunks.length <= 1 ? (chunks[0] ?? new Uint8Array()) : inTurn(chunks)),
    bodyHash: hash.digest("hex"),
  };
}

async function* inTurn(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function etagOf(answer: Awaited<ReturnType<S3Session["send"]>>, key: string): Promise<string> {
  await discard(answer);
  const etag = header(answer, "etag");
  if (etag === undefined) throw fault("S3_REFUSED", { place: key, request: "sending a part", status: answer.status, message: "the answer has no ETag" });
  return etag;
}

/** What fails late is told in a body with status 200. */
async function repeated(request: () => Promise<string>, place: string, what: string): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await request();
    if (!answer.includes("<Error>")) return answer;
    const code = textOf(answer, "Code") ?? "";
    if (!PASSING.has(code) || attempt === ATTEMPTS) throw fault("S3_REFUSED", { place, request: what, status: 200, code });
  }
}

/** The text of an element, without the few escapes that ETags and names may have. */
export function textOf(xml: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text?.replaceAll("&quot;", '"').replaceAll("&#34;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}

/** Whether the service has said that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return isFault(error, "S3_REFUSED") && (error.details as { status: number }).status === 404;
}
