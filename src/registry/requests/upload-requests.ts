import { fault, isFault } from "../../std/fault.ts";
import { digestAlgorithm, isDigest, type Digest } from "../../oci/digest.ts";
import type { Reference } from "../../oci/reference.ts";
import { ConnectionError } from "../transport/connection-error.ts";
import { repositoryPath, repositoryScope, type Endpoint } from "../routes/endpoint.ts";
import { resolveTarget } from "../transport/follow.ts";
import type { Session, SessionRequest } from "./session.ts";
import type { UploadJournal } from "./upload-journal.ts";
import { discard, header, type Answer, type Method } from "../transport/transport.ts";

/** A blob to send; `open` may be called again, from any byte on. */
export interface UploadBlob {
  readonly digest: Digest;
  readonly size: number;
  open(start: number): AsyncIterable<Uint8Array>;
}

export interface UploadOptions {
  /** An upload that is open already, as a mount that did not work leaves one. */
  readonly location?: URL;
  /** Where uploads are noted for a process that comes after this one. */
  readonly journal?: UploadJournal;
  /** Milliseconds without the registry taking a byte. */
  readonly idleTimeout: number;
  /** How many bytes of the blob have been handed to the connection; falls back when a part is sent again. */
  readonly onBytes?: (sent: number) => void;
  readonly signal?: AbortSignal;
}

/** Milliseconds that giving an upload up may take. */
export const CANCEL_TIMEOUT = 2_000;

/** Opens an upload and gives its address back. */
export async function openUpload(session: Session, endpoint: Endpoint, reference: Reference, signal?: AbortSignal): Promise<URL> {
  const answer = await session.send({ ...postRequest(endpoint, reference, signal), accept: [202] });
  await discard(answer);
  return locationOf(answer, endpoint, "POST", reference);
}

/**
 * Asks the registry to take a blob from another of its repositories.
 * @returns undefined when it did; else the address of the upload that it opened instead
 * @throws RESPONSE_INVALID where it says to have taken another blob, or opens an upload nowhere
 */
export async function mountBlob(
  session: Session, endpoint: Endpoint, reference: Reference, mount: { readonly digest: Digest; readonly from: string }, signal?: AbortSignal,
): Promise<URL | undefined> {
  const request = postRequest(endpoint, reference, signal);
  const answer = await session.send({
    ...request,
    target: `${request.target}?mount=${encodeURIComponent(mount.digest)}&from=${encodeURIComponent(mount.from)}`,
    scopes: [...request.scopes, repositoryScope(endpoint, mount.from, "pull")],
    accept: [201, 202],
  });
  await discard(answer);
  if (answer.status === 202) return locationOf(answer, endpoint, "POST", reference);
  const told = header(answer, "docker-content-digest");
  if (told !== undefined && isDigest(told) && digestAlgorithm(told) === digestAlgorithm(mount.digest) && told !== mount.digest) {
    throw fault("RESPONSE_INVALID", { host: endpoint.host, request: `POST of an upload to ${reference.repository}`, problem: `it mounted ${told} instead of ${mount.digest}` });
  }
  return undefined;
}

/** Gives an upload up that nobody will finish; what the registry says to it does not matter. */
export async function cancelUpload(session: Session, endpoint: Endpoint, reference: Reference, location: URL, signal?: AbortSignal): Promise<void> {
  await session
    .send({ ...uploadRequest(endpoint, reference, signal), method: "DELETE", target: location, scopes: pushScopes(endpoint, reference), accept: [200, 202, 204, 400, 404, 405], repeatable: false })
    .then(discard, () => undefined);
}

/** Sends the whole blob, or nothing where all of it is there, and the digest. */
export async function closeUpload(
  session: Session, endpoint: Endpoint, reference: Reference, blob: UploadBlob, options: UploadOptions & { location: URL; offset: number },
): Promise<void> {
  const { location, offset } = options;
  const start = offset === 0 ? 0 : blob.size;
  await sendBytes(session, endpoint, reference, () => blob.open(start), {
    ...options, method: "PUT", target: withDigest(location, blob.digest), start, length: blob.size - start, accept: [200, 201, 204], headers: {},
  });
}

/** Sends the blob from the offset on. */
export async function sendRest(
  session: Session, endpoint: Endpoint, reference: Reference, blob: UploadBlob, options: UploadOptions & { location: URL; offset: number },
): Promise<URL> {
  const { location, offset } = options;
  const headers = { "content-range": `${offset}-${blob.size - 1}` };
  const answer = await sendBytes(session, endpoint, reference, () => blob.open(offset), {
    ...options, method: "PATCH", target: location, start: offset, length: blob.size - offset, accept: [201, 202, 204], headers,
  });
  return header(answer, "location") === undefined ? location : locationOf(answer, endpoint, "PATCH", reference);
}

/** @param options.length of the bytes; unknown where they are sent as they come (RFC 9112 § 7.1, chunked) */
export async function sendBytes(
  session: Session, endpoint: Endpoint, reference: Reference, open: () => AsyncIterable<Uint8Array>,
  options: UploadOptions & { method: Method; target: URL; start: number; length?: number; accept: readonly number[]; headers: Record<string, string> },
): Promise<Answer> {
  const stall = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stall.signal]) : stall.signal;
  const { length } = options;
  const answer = await session.send({
    ...uploadRequest(endpoint, reference, signal),
    method: options.method,
    target: options.target,
    scopes: pushScopes(endpoint, reference),
    headers: { ...options.headers, "content-type": "application/octet-stream", ...(length === undefined ? {} : { "content-length": String(length) }) },
    ...(length !== 0 ? { body: () => metered(open(), options, (error) => stall.abort(error)) } : {}),
    accept: options.accept,
    repeatable: false,
    answerTimeout: session.transport.timeouts.commitTimeout,
  });
  await discard(answer);
  return answer;
}

/** Counts what the connection takes, and gives up when it takes nothing for too long. */
async function* metered(
  source: AsyncIterable<Uint8Array>,
  options: { start: number; target: URL; idleTimeout: number; onBytes?: (sent: number) => void },
  stop: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = options.start;
  const waited = { what: "it to take data", milliseconds: options.idleTimeout };
  let timer: NodeJS.Timeout | undefined;
  try {
    for await (const chunk of source) {
      timer = setTimeout(() => stop(new ConnectionError("timeout", "it takes no data", options.target, undefined, waited)), options.idleTimeout);
      yield chunk;
      clearTimeout(timer);
      sent += chunk.length;
      options.onBytes?.(sent);
    }
  } catch (error) {
    // What cannot be read here must not look like trouble with the connection.
    stop(error);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** How far an upload has come, or undefined when the registry no longer knows it. */
export async function uploadState(
  session: Session, endpoint: Endpoint, reference: Reference, location: URL, signal: AbortSignal | undefined,
): Promise<{ location: URL; offset: number } | undefined> {
  try {
    const answer = await session.send({ ...uploadRequest(endpoint, reference, signal), method: "GET", target: location, scopes: pushScopes(endpoint, reference), accept: [202, 204] });
    await discard(answer);
    const last = /^(?:bytes=)?0-(\d+)$/.exec(header(answer, "range") ?? "")?.[1];
    // distribution answers `0-0` for an empty upload too, so a single byte counts as none.
    const offset = last === undefined || last === "0" ? 0 : Number(last) + 1;
    if (offset === 0) return undefined;
    return { offset, location: header(answer, "location") === undefined ? location : locationOf(answer, endpoint, "GET", reference) };
  } catch (error) {
    signal?.throwIfAborted();
    if (isFault(error)) return undefined;
    throw error;
  }
}

function postRequest(endpoint: Endpoint, reference: Reference, signal: AbortSignal | undefined) {
  return {
    endpoint,
    method: "POST",
    target: repositoryPath(endpoint, reference, "blobs/uploads/"),
    scopes: pushScopes(endpoint, reference),
    headers: { "content-length": "0" },
    subject: { kind: "upload", name: `an upload to ${reference.repository}`, repository: reference.repository },
    ...(signal ? { signal } : {}),
  } as const;
}

function uploadRequest(endpoint: Endpoint, reference: Reference, signal: AbortSignal | undefined): Pick<SessionRequest, "endpoint" | "subject" | "signal"> {
  const subject = { kind: "session", name: `an upload to ${reference.repository}`, repository: reference.repository } as const;
  return { endpoint, subject, ...(signal ? { signal } : {}) };
}

function pushScopes(endpoint: Endpoint, reference: Reference): string[] {
  return [repositoryScope(endpoint, reference.repository, "pull,push")];
}

/** The address that an answer leads to. @throws RESPONSE_INVALID, REDIRECT_REFUSED */
export function locationOf(answer: Answer, endpoint: Endpoint, method: string, reference: Reference): URL {
  const location = header(answer, "location");
  if (location === undefined || location === "") {
    throw fault("RESPONSE_INVALID", { host: endpoint.host, request: `${method} of an upload to ${reference.repository}`, problem: "the Location header is missing" });
  }
  return resolveTarget(location, answer.url, endpoint.host);
}

/** Added as text, so that the state in the registry's own query stays as it is. */
function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search += `${url.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`;
  return url;
}
