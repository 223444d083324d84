import { AwsV4Signer } from "aws4fetch";
import { machineRoutes } from "../registry/routes/machine-routes.ts";
import { ConnectionError } from "../registry/transport/connection-error.ts";
import type { Body } from "../registry/transport/exchange.ts";
import { isRetryableStatus, RETRY_POLICY, retryDelay, systemClock, type RetryPolicy } from "../registry/transport/retry.ts";
import { discard, header, readBody, Transport, type Answer, type Method } from "../registry/transport/transport.ts";
import { fault } from "../std/fault.ts";
import { printable } from "../std/printable.ts";
import { objectUrl, type S3Bucket } from "./s3-bucket.ts";
import { s3Login, type S3Login } from "./s3-login.ts";

export interface S3Place {
  /** What messages call it. */
  readonly name: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Connections at once; 8. */
  readonly connections?: number;
  /** When a request is made again. */
  readonly retry?: RetryPolicy;
}

export interface S3Request {
  readonly method: Method;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the body, anew for each attempt. */
  readonly body?: () => Body;
  /** sha256 of the body in hexadecimal, where it is known: the service compares it. */
  readonly bodyHash?: string;
  readonly accept: readonly number[];
  readonly signal: AbortSignal;
}

const TIMEOUTS = { connectTimeout: 10_000, idleTimeout: 60_000, commitTimeout: 300_000 };
const ERROR_LIMIT = 64 * 1024;
/** Lists have a thousand names of at most 1 KiB. */
const TEXT_LIMIT = 8 * 1024 * 1024;
/** A login is looked up again when it was refused, but no more often than this, in milliseconds: keys of roles are replaced by the hour. */
const LOGIN_AGE = 5_000;

/** Signed requests to one bucket, made again where that may help; with this machine's proxies and certificates. */
export class S3Session implements AsyncDisposable {
  readonly #options: S3Bucket;
  readonly #place: S3Place;
  readonly #transport: Transport;
  #login: { readonly found: Promise<S3Login>; readonly at: number } | undefined;

  constructor(options: S3Bucket, place: S3Place) {
    this.#options = options;
    this.#place = place;
    const routes = machineRoutes(place.environment);
    this.#transport = new Transport({ environment: place.environment, proxyFor: (url) => routes.proxyFor(url), certificates: [], connections: place.connections ?? 8, ...TIMEOUTS, userAgent: "sampan" });
  }

  get name(): string {
    return this.#place.name;
  }

  /** @throws S3_REFUSED, S3_UNREACHABLE, S3_LOGIN_MISSING */
  async send(request: S3Request): Promise<Answer> {
    const { accept, signal } = request;
    for (let attempt = 1; ; attempt += 1) {
      const login = this.#currentLogin();
      const outcome = await this.#once(request, login.found);
      if (!(outcome instanceof ConnectionError) && accept.includes(outcome.status)) return outcome;
      const refusal = outcome instanceof ConnectionError || outcome.status !== 400 ? undefined : await refusalOf(outcome);
      const retryable = outcome instanceof ConnectionError ? outcome.transient : mayPass(outcome.status) || refusal?.code === "RequestTimeout";
      const wait = retryable ? retryDelay(attempt, this.#place.retry ?? RETRY_POLICY, systemClock, outcome instanceof ConnectionError ? undefined : header(outcome, "retry-after")) : undefined;
      if (wait === undefined) {
        if (!(outcome instanceof ConnectionError) && outcome.status === 403 && attempt === 1 && Date.now() - login.at > LOGIN_AGE) {
          this.#login = undefined;
          await discard(outcome);
          continue;
        }
        throw await this.#fault(request, outcome, refusal);
      }
      if (!(outcome instanceof ConnectionError) && !refusal) await discard(outcome);
      await systemClock.sleep(wait, signal);
    }
  }

  /** The whole text of a small answer. */
  async text(request: S3Request): Promise<string> {
    const bytes = await readBody(await this.send(request), TEXT_LIMIT);
    return Buffer.from(bytes ?? []).toString("utf8");
  }

  /** A URL that gives the object to whoever has it for so many seconds. */
  async presigned(key: string, options: { readonly seconds: number; readonly endpointUrl?: string; readonly query?: Readonly<Record<string, string>> }): Promise<string> {
    const url = objectUrl({ ...this.#options, ...(options.endpointUrl === undefined ? {} : { endpointUrl: options.endpointUrl }) }, key);
    for (const [name, value] of Object.entries({ ...options.query, "X-Amz-Expires": String(options.seconds) })) url.searchParams.set(name, value);
    const signed = await new AwsV4Signer({ method: "GET", url: url.href, service: "s3", region: this.#options.region, signQuery: true, ...(await this.#currentLogin().found) }).sign();
    return signed.url.href;
  }

  /** What a copy names as its source. */
  copySource(key: string): string {
    return `/${this.#options.bucket}/${key}`.split("/").map(encodeURIComponent).join("/");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }

  #currentLogin(): { readonly found: Promise<S3Login>; readonly at: number } {
    if (!this.#login) {
      const login = { found: s3Login(this.#options, this.#place.name, this.#place.environment), at: Date.now() };
      this.#login = login;
      login.found.catch(() => (this.#login = undefined)); // keys may be put there later
    }
    return this.#login;
  }

  async #once({ method, key, query = {}, headers, body, bodyHash, signal }: S3Request, found: Promise<S3Login>): Promise<Answer | ConnectionError> {
    const login = await found;
    const url = objectUrl(this.#options, key);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const signed = await new AwsV4Signer({
      method, url: url.href, service: "s3", region: this.#options.region, ...login,
      headers: { ...headers, "x-amz-content-sha256": bodyHash ?? (body ? "UNSIGNED-PAYLOAD" : EMPTY_HASH) },
    }).sign();
    try {
      return await this.#transport.request(signed.url, { method, headers: Object.fromEntries(signed.headers), verify: true, signal, answerTimeout: TIMEOUTS.commitTimeout, ...(body ? { body: body() } : {}) });
    } catch (error) {
      if (error instanceof ConnectionError) return error;
      throw error;
    }
  }

  async #fault({ method, key }: S3Request, outcome: Answer | ConnectionError, known: Refusal | undefined): Promise<Error> {
    const place = this.#place.name;
    if (outcome instanceof ConnectionError) return fault("S3_UNREACHABLE", { place, problem: outcome.message }, { cause: outcome });
    return fault("S3_REFUSED", { place, request: `${method} of ${key === "" ? "the bucket" : key}`, status: outcome.status, ...(known ?? (await refusalOf(outcome))) });
  }
}

/** What a service says of a request that it does not take. */
interface Refusal {
  readonly code?: string;
  readonly message?: string;
}

/** Reads the body of the answer. */
async function refusalOf(answer: Answer): Promise<Refusal> {
  const text = Buffer.from((await readBody(answer, ERROR_LIMIT).catch(() => undefined)) ?? []).toString("utf8");
  const [code, message] = ["Code", "Message"].map((tag) => new RegExp(`<${tag}>([^<]{1,300})</${tag}>`).exec(text)?.[1]);
  return { ...(code === undefined ? {} : { code: printable(code) }), ...(message === undefined ? {} : { message: printable(message) }) };
}

/** sha256 of nothing. */
const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/**
 * Whether the same request may be accepted later. 409 is an answer to something that happens at the same moment: to the same object, or, where
 * the service keeps objects as files, the removal of the last neighbour, which takes the folder away from under a new one. A 400 with the
 * code RequestTimeout, which says that the body came too slowly, passes too.
 */
function mayPass(status: number): boolean {
  return status === 409 || isRetryableStatus(status);
}
