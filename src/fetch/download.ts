import { createWriteStream } from "node:fs";
import { rmSync } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { hideLogin } from "../context/git-url.ts";
import { createDigester, type Digest } from "../oci/digest.ts";
import { ConnectionError } from "../registry/transport/connection-error.ts";
import { resolveTarget } from "../registry/transport/follow.ts";
import { isRetryableStatus, retryDelay, RETRY_POLICY, systemClock } from "../registry/transport/retry.ts";
import { discard, header, type Answer, type Transport } from "../registry/transport/transport.ts";
import { diskFault } from "../std/disk-fault.ts";
import { fault, isFault } from "../std/fault.ts";

export interface DownloadOptions {
  readonly transport: Transport;
  /** Headers for the origin of the URL, such as a login; they follow to no other. */
  readonly headers: Readonly<Record<string, string>>;
  /** What was there the last time. */
  readonly known?: { readonly etag?: string | undefined; readonly modified?: string | undefined };
  readonly onBytes?: (received: number, total: number | undefined) => void;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** What a server said of a file: the headers that tell one state of it from the next. */
export interface ServedState {
  readonly etag: string | undefined;
  /** Last-Modified, as it was sent. */
  readonly modified: string | undefined;
}

export type Downloaded = ({ readonly fresh: true; readonly digest: Digest; readonly size: number } | { readonly fresh: false }) & ServedState;

const REDIRECTS = 10;
const ATTEMPTS = 3;
/** As much as a layer may hold. */
const MAX_BYTES = 128 * 1024 ** 3;

/**
 * Brings a URL into a new file, hashed on its way, unless the server has what it had the last time. A connection that
 * breaks is tried again from the beginning.
 * @throws FETCH_STATUS, FETCH_FAILED, FETCH_REFUSED, FETCH_TOO_LARGE, DISK_FULL
 */
export async function download(url: URL, path: string, options: DownloadOptions): Promise<Downloaded> {
  const shown = hideLogin(url.href);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await downloadOnce(url, path, options);
    } catch (error) {
      rmSync(path, { force: true });
      options.signal?.throwIfAborted();
      const passing = error instanceof ConnectionError ? error.transient : isFault(error, "FETCH_STATUS") && isRetryableStatus((error.details as { status: number }).status);
      const delay = passing ? retryDelay(attempt, { ...RETRY_POLICY, attempts: ATTEMPTS }, systemClock) : undefined;
      if (delay === undefined) throw error instanceof ConnectionError ? fault("FETCH_FAILED", { url: shown, reason: error.message }, { cause: error }) : error;
      await systemClock.sleep(delay, options.signal);
    }
  }
}

async function downloadOnce(url: URL, path: string, options: DownloadOptions): Promise<Downloaded> {
  const answer = await ask(url, options);
  const state = { etag: header(answer, "etag"), modified: header(answer, "last-modified") };
  const { known = {} } = options;
  if (answer.status === 304 || (state.etag !== undefined && state.etag === known.etag)) {
    if (answer.status === 304) await discard(answer);
    else answer.body.destroy();
    return { fresh: false, etag: state.etag ?? known.etag, modified: state.modified ?? known.modified };
  }
  return { fresh: true, ...state, ...(await receive(answer, url, path, options)) };
}

/** Follows redirects to an answer of status 200, or 304 where something was known. */
async function ask(first: URL, { transport, headers, known, signal }: DownloadOptions): Promise<Answer> {
  const shown = hideLogin(first.href);
  const conditions = {
    ...(known?.etag ? { "if-none-match": known.etag } : {}),
    ...(known?.modified && !known.etag ? { "if-modified-since": known.modified } : {}),
  };
  let url = new URL(first);
  url.username = "";
  url.password = "";
  for (let count = 0; ; count += 1) {
    const own = url.origin === first.origin ? headers : {};
    const answer = await transport.request(url, { method: "GET", verify: true, headers: { accept: "*/*", ...conditions, ...own }, ...(signal ? { signal } : {}) });
    if (answer.status === 200 || (answer.status === 304 && known)) return answer;
    const location = header(answer, "location");
    await discard(answer);
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) throw fault("FETCH_STATUS", { url: shown, status: answer.status });
    if (count === REDIRECTS) throw fault("FETCH_REFUSED", { url: shown, problem: `it leads from one address to the next more than ${REDIRECTS} times` });
    url = next(location, url, shown);
  }
}

function next(location: string, from: URL, shown: string): URL {
  try {
    return resolveTarget(location, from, from.host);
  } catch (error) {
    if (!isFault(error, "REDIRECT_REFUSED")) throw error;
    const { target, problem } = error.details as { target: string; problem: string };
    throw fault("FETCH_REFUSED", { url: shown, problem: `it leads to ${hideLogin(target)}: ${problem}` });
  }
}

async function receive(answer: Answer, url: URL, path: string, options: DownloadOptions): Promise<{ digest: Digest; size: number }> {
  const limit = options.maxBytes ?? MAX_BYTES;
  const length = Number(header(answer, "content-length") ?? Number.NaN);
  const total = Number.isSafeInteger(length) ? length : undefined;
  const digester = createDigester();
  let size = 0;
  const measure = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      size += chunk.length;
      if (size > limit) return done(fault("FETCH_TOO_LARGE", { url: hideLogin(url.href), limit }));
      digester.update(chunk);
      options.onBytes?.(size, total);
      done(null, chunk);
    },
  });
  try {
    await pipeline(answer.body, measure, createWriteStream(path, { flags: "wx", mode: 0o600 }), options.signal ? { signal: options.signal } : {});
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isFault(error) || error instanceof ConnectionError) throw error;
    throw diskFault(error, path) ?? new ConnectionError("broken", "the connection ended before the end of the file", url, error);
  }
  return { digest: digester.digest(), size };
}
