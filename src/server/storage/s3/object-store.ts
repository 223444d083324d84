import { ConnectionError } from "../../../registry/transport/connection-error.ts";
import { discard, header, readBody, type Answer } from "../../../registry/transport/transport.ts";
import { abortMultipart, bodyOf, isMissing, textOf } from "../../../s3/multipart.ts";
import type { S3Session } from "../../../s3/s3-session.ts";
import { fault, isFault } from "../../../std/fault.ts";

/** Requests of a server end with the server, and with their own limits of time. */
export const never: AbortSignal = new AbortController().signal;

/** How often a body that breaks off is continued where it did, without a byte in between. */
const ATTEMPTS = 4;

/** @throws S3_BUCKET_UNUSABLE, S3_UNREACHABLE, S3_LOGIN_MISSING */
export async function checkBucket(session: S3Session): Promise<void> {
  try {
    // A list, because it tells what is wrong in words; and because removing leftovers needs it.
    await session.text({ method: "GET", key: "", query: { "list-type": "2", "max-keys": "1" }, accept: [200], signal: never });
  } catch (cause) {
    if (!isFault(cause, "S3_REFUSED")) throw cause;
    const { status, code = "", message } = cause.details as { status: number; code?: string; message?: string };
    const place = session.name;
    if (status === 404) throw fault("S3_BUCKET_UNUSABLE", { place, problem: "there is no such bucket", hint: "create it first; `storage.s3.bucket`, `endpoint` and `pathStyle` say where it is" }, { cause });
    if (status === 301 || status === 400) throw fault("S3_BUCKET_UNUSABLE", { place, problem: `it is not where it is looked for (${status} ${code}${message === undefined ? "" : `: ${message}`})`, hint: "check `storage.s3.region` and `endpoint`" }, { cause });
    if (status === 401 || status === 403) throw fault("S3_BUCKET_UNUSABLE", { place, problem: `the access key is not let in (${code === "" ? status : code})`, hint: "check the access key and its secret, and that it may list, read, write and delete in the bucket" }, { cause });
    throw cause;
  }
}

/**
 * Whether the bucket is, below a prefix, that of these records; false as long as it is nobody's.
 * @throws S3_BUCKET_UNUSABLE when it is that of others
 */
export async function isClaimed(session: S3Session, key: string, registryId: string): Promise<boolean> {
  const answer = await session.send({ method: "GET", key, accept: [200, 404], signal: never });
  if (answer.status === 404) {
    await discard(answer);
    return false;
  }
  const text = Buffer.from((await readBody(answer, 4096)) ?? []).toString("utf8");
  if (text.includes(`"${registryId}"`)) return true;
  throw fault("S3_BUCKET_UNUSABLE", { place: session.name, problem: "it holds the blobs of another registry", hint: `serve them with the database that knows them, or choose another \`storage.s3.prefix\`; ${key} says whose they are` });
}

/**
 * Makes the bucket, below a prefix, that of these records: what others have put there would look like leftovers.
 * @returns whether it was nobody's before
 * @throws S3_BUCKET_UNUSABLE
 */
export async function claimPrefix(session: S3Session, key: string, registryId: string): Promise<boolean> {
  if (await isClaimed(session, key, registryId)) return false;
  await putObject(session, key, [Buffer.from(`${JSON.stringify({ sampanRegistry: registryId })}\n`)]);
  return true;
}

export async function putObject(session: S3Session, key: string, chunks: readonly Uint8Array[]): Promise<void> {
  await discard(await session.send({ method: "PUT", key, accept: [200], signal: never, ...bodyOf(chunks) }));
}

/** Bytes; undefined where there is no such object. */
export async function objectSize(session: S3Session, key: string): Promise<number | undefined> {
  const answer = await session.send({ method: "HEAD", key, accept: [200, 404], signal: never });
  await discard(answer);
  return answer.status === 404 ? undefined : Number(header(answer, "content-length"));
}

/** Removes an object, and what is there of one that is written in parts. */
export async function removeObject(session: S3Session, { name, multipart }: { readonly name: string; readonly multipart: string | undefined }): Promise<void> {
  if (multipart !== undefined) await abortMultipart(session, { key: name, uploadId: multipart }, never);
  await discard(await session.send({ method: "DELETE", key: name, accept: [200, 204, 404], signal: never }));
}

/** An object that was found in the bucket. */
export interface FoundObject {
  readonly name: string;
  readonly size: number;
  readonly changed: number;
}

/** All objects whose names begin so, in pages. */
export async function* listObjects(session: S3Session, prefix: string): AsyncIterable<readonly FoundObject[]> {
  for (let token: string | undefined; ; ) {
    const query = { "list-type": "2", prefix, "encoding-type": "url", ...(token === undefined ? {} : { "continuation-token": token }) };
    const page = await session.text({ method: "GET", key: "", query, accept: [200], signal: never });
    yield [...page.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].map(([, item]) => ({
      name: decodeURIComponent((textOf(item!, "Key") ?? "").replaceAll("+", " ")),
      size: Number(textOf(item!, "Size")),
      changed: Date.parse(textOf(item!, "LastModified") ?? ""),
    }));
    token = textOf(page, "IsTruncated") === "true" ? textOf(page, "NextContinuationToken") : undefined;
    if (token === undefined) return;
  }
}

/** Objects that are written in parts and not finished, as the service knows them. */
export async function* listMultiparts(session: S3Session, prefix: string): AsyncIterable<{ readonly name: string; readonly multipart: string; readonly begun: number }> {
  for (let after: Record<string, string> = {}; ; ) {
    const page = await session.text({ method: "GET", key: "", query: { uploads: "", prefix, "encoding-type": "url", ...after }, accept: [200], signal: never });
    for (const [, item] of page.matchAll(/<Upload>([\s\S]*?)<\/Upload>/g)) {
      yield { name: decodeURIComponent((textOf(item!, "Key") ?? "").replaceAll("+", " ")), multipart: textOf(item!, "UploadId") ?? "", begun: Date.parse(textOf(item!, "Initiated") ?? "") };
    }
    const [key, id] = [textOf(page, "NextKeyMarker"), textOf(page, "NextUploadIdMarker")];
    if (textOf(page, "IsTruncated") !== "true" || key === undefined || key === "") return;
    after = { "key-marker": decodeURIComponent(key.replaceAll("+", " ")), "upload-id-marker": id ?? "" };
  }
}

/**
 * Bytes `start` to `end` of an object, both included; undefined where it is not there, or not of that size. What breaks off is continued
 * where it did.
 * @param whole bytes of the object
 */
export async function readObject(session: S3Session, key: string, { start, end, whole }: { start: number; end: number; whole: number }): Promise<AsyncIterable<Uint8Array> | undefined> {
  const answer = await openObject(session, key, { start, end, whole });
  return answer && bytesOf(answer);

  async function* bytesOf(opened: Answer): AsyncIterable<Uint8Array> {
    let answer = opened;
    let position = start;
    for (let attempt = 1; ; attempt += 1) {
      const { body, url } = answer;
      try {
        for await (const chunk of body as AsyncIterable<Uint8Array>) {
          position += chunk.length;
          attempt = 1;
          yield chunk;
        }
        if (position > end) return;
        throw new ConnectionError("broken", "the body ended early", url, undefined);
      } catch (cause) {
        if (attempt >= ATTEMPTS || !isBroken(cause)) throw isFault(cause) ? cause : fault("S3_UNREACHABLE", { place: session.name, problem: (cause as Error).message }, { cause });
        const rest = await openObject(session, key, { start: position, end, whole });
        if (!rest) throw fault("S3_UNREACHABLE", { place: session.name, problem: `${key} is gone while it was read` }, { cause });
        answer = rest;
      } finally {
        body.destroy();
      }
    }
  }
}

async function openObject(session: S3Session, key: string, { start, end, whole }: { start: number; end: number; whole: number }): Promise<Answer | undefined> {
  const all = start === 0 && end === whole - 1;
  try {
    const answer = await session.send({ method: "GET", key, accept: [all ? 200 : 206], signal: never, headers: all ? {} : { range: `bytes=${start}-${end}` } });
    if (Number(header(answer, "content-length")) === end - start + 1) return answer;
    answer.body.destroy();
    return undefined;
  } catch (error) {
    if (isMissing(error) || (isFault(error, "S3_REFUSED") && (error.details as { status: number }).status === 416)) return undefined;
    throw error;
  }
}

function isBroken(error: unknown): boolean {
  return error instanceof ConnectionError || ["ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT"].includes((error as NodeJS.ErrnoException).code ?? "");
}
