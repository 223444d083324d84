import { fault, isFault, type Fault } from "../../std/fault.ts";
import { createDigester, digestAlgorithm } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import { ConnectionError, connectionError, toFault } from "../transport/connection-error.ts";
import { retryDelay, type RetryClock, type RetryPolicy } from "../transport/retry.ts";
import { discard, header, type Answer } from "../transport/transport.ts";

export interface BlobStreamOptions {
  readonly host: string;
  /** Makes the request, with `Range: bytes=<start>-` when start is above 0; `broken` says what was wrong with the answer before. */
  readonly open: (start: number, broken?: string | Fault) => Promise<Answer>;
  /** Whether the last answer is of a place that is not asked again, so that another one is next. */
  readonly isMirror?: () => boolean;
  readonly start?: number;
  /** False where the reader hashes the bytes itself. */
  readonly verify?: boolean;
  /** Whether a piece is valid only until the one after the next is asked for. */
  readonly lend?: boolean;
  readonly policy: RetryPolicy;
  readonly clock: RetryClock;
  readonly signal?: AbortSignal;
}

/** Bytes after which a connection that breaks counts as a new trouble, not as the same one. */
const PROGRESS = 64 * 1024;

/**
 * The bytes of a blob from `start` on. A body that breaks off is continued where it ended; size and digest are
 * checked (the digest only when start is 0 and `verify` is not false), so the last step of the iteration fails for a wrong blob.
 * @throws BLOB_DIGEST_MISMATCH, BLOB_TRUNCATED, RESPONSE_INVALID and the faults of `open`
 */
export async function* streamBlob(descriptor: Pick<Descriptor, "digest" | "size">, options: BlobStreamOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { host, clock, signal, start = 0 } = options;
  const { digest, size } = descriptor;
  const digester = start === 0 && options.verify !== false ? createDigester(digestAlgorithm(digest)) : undefined;
  let received = start;
  let failures = 0;
  let broken: string | Fault | undefined;
  let doubted = false;
  while (received < size) {
    const before = received;
    let reason: ConnectionError | undefined;
    const answer = await options.open(received, broken);
    let bounds;
    try {
      bounds = await boundsOf(answer, received, descriptor, host);
    } catch (error) {
      // What stands before one server of several may have spoilt it, or a mirror: another place is asked, or the same once more.
      const mirror = options.isMirror?.() ?? false;
      if (!isFault(error, "RESPONSE_INVALID") || (doubted && !mirror)) throw error;
      doubted ||= !mirror;
      broken = error;
      continue;
    }
    let skip = received - bounds.first;
    try {
      for await (const piece of piecesOf(answer, options.lend)) {
        const chunk = skip > 0 ? piece.subarray(Math.min(skip, piece.length)) : piece;
        skip -= piece.length - chunk.length;
        if (chunk.length === 0) continue;
        received += chunk.length;
        if (received > size) throw fault("RESPONSE_INVALID", { host, request: `GET of ${digest}`, problem: `the blob is longer than its ${size} bytes` });
        digester?.update(chunk);
        yield chunk;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isBodyError(error)) throw error;
      reason = connectionError(error, answer.url, { connectTimeout: 0 });
    }
    if (received >= size) break;
    // It gives a part of the range at a time (RFC 9110, section 14.2), which is no trouble.
    if (!reason && received === bounds.end && received - before >= PROGRESS) continue;
    broken = reason?.message ?? "its answer was too short";
    // Who sends a little each time would keep us for ever.
    failures = received - before >= PROGRESS ? 1 : failures + 1;
    const wait = retryDelay(failures, options.policy, clock);
    if (wait === undefined) {
      if (reason?.problem === "timeout") throw toFault(reason, host);
      throw fault("BLOB_TRUNCATED", { host, digest, expected: size, received, ...(reason ? { reason: reason.message } : {}) }, { cause: reason });
    }
    await clock.sleep(wait, signal);
  }
  const found = digester?.digest();
  if (found !== undefined && found !== digest) throw fault("BLOB_DIGEST_MISMATCH", { host, what: "blob", expected: digest, received: found });
}

function piecesOf({ pieces, body }: Answer, lend = false): AsyncIterable<Uint8Array> {
  return pieces && lend ? pieces.lent() : (pieces ?? (body as AsyncIterable<Uint8Array>));
}

/** Where in the blob the body begins and ends, after checking what its headers say about range and length. */
async function boundsOf(answer: Answer, start: number, { digest, size }: Pick<Descriptor, "digest" | "size">, host: string): Promise<{ first: number; end: number }> {
  const refuse = async (problem: string): Promise<Error> => {
    answer.body.destroy();
    await discard(answer);
    return fault("RESPONSE_INVALID", { host, request: `GET of ${digest}`, problem });
  };
  const encoding = header(answer, "content-encoding");
  if (encoding !== undefined && encoding !== "identity") throw await refuse(`it is packed with Content-Encoding ${encoding}`);
  let [first, end] = [0, size];
  if (answer.status === 206) {
    const range = /^bytes (\d+)-(\d+)\//.exec(header(answer, "content-range") ?? "");
    first = range ? Number(range[1]) : start;
    if (first > start) throw await refuse(`the range begins at ${first} instead of ${start}`);
    if (range) end = Math.min(size, Number(range[2]) + 1);
    if (end <= start) throw await refuse(`the range ends at ${end} where it should begin at ${start}`);
  }
  const length = header(answer, "content-length");
  if (length !== undefined && Number(length) !== end - first) throw await refuse(`Content-Length is ${length} where ${end - first} bytes were expected`);
  return { first, end };
}

/** Errors that came out of the connection, unlike our own faults and those that a consumer throws into the iteration. */
function isBodyError(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: string };
  return error instanceof ConnectionError || (name !== "Fault" && (typeof code === "string" || name === "TypeError" || name === "AbortError"));
}
