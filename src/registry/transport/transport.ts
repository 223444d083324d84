import type { SecureContext } from "node:tls";
import type { Dispatcher } from "undici";
import { connectionError } from "./connection-error.ts";
import { proxyFor } from "./proxy-environment.ts";
import { loadAgent, loadRequest } from "./undici.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One HTTP answer; its body must be read to the end, or discarded with {@link discard}. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Dispatcher.ResponseData["body"];
  readonly url: URL;
}

export interface TransportRequest {
  readonly method: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array>;
  /** Whether the certificate of an https host is checked. */
  readonly verify: boolean;
  /** Milliseconds until the answer's headers, after the request was sent. */
  readonly answerTimeout?: number;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** More authorities to trust, as PEM. */
  readonly certificates: readonly string[];
  /** Connections per host. */
  readonly connections: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds without a byte. */
  readonly idleTimeout: number;
  readonly userAgent: string;
}

/** Sends single HTTP requests: pools, TLS, proxies and timeouts, and nothing that is particular to registries. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();
  #context: Promise<SecureContext> | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get timeouts(): Pick<TransportOptions, "connectTimeout" | "idleTimeout"> {
    return this.#options;
  }

  /** @throws ConnectionError when no answer came; the signal's reason when it was aborted. */
  async request(url: URL, request: TransportRequest): Promise<Answer> {
    request.signal?.throwIfAborted();
    const proxy = proxyFor(url, this.#options.environment);
    const dispatcher = await this.#dispatcher(url, proxy, request.verify);
    // To a proxy, plain HTTP goes with the whole address (RFC 9112 § 3.2.2); HTTPS goes through a tunnel.
    const forwarded = proxy && url.protocol === "http:";
    try {
      const { statusCode, headers, body } = await loadRequest().call(dispatcher, {
        origin: forwarded ? proxy.origin : url.origin,
        path: forwarded ? url.href : url.pathname + url.search,
        method: request.method,
        headers: {
          "user-agent": this.#options.userAgent,
          ...(forwarded ? { host: url.host, ...(await import("./proxy-tunnel.ts")).proxyAuthorization(proxy) } : {}),
          ...request.headers,
        },
        ...(request.body !== undefined ? { body: request.body as Dispatcher.RequestOptions["body"] } : {}),
        ...(request.signal ? { signal: request.signal } : {}),
        ...(request.answerTimeout !== undefined ? { headersTimeout: request.answerTimeout } : {}),
      } as Dispatcher.RequestOptions);
      return { status: statusCode, headers, body, url };
    } catch (error) {
      request.signal?.throwIfAborted();
      throw connectionError(error, url, { ...this.#options, ...(proxy ? { proxy: proxy.host } : {}) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#dispatchers.values());
    await Promise.all(opened.map((each) => (each.status === "fulfilled" ? each.value.destroy() : undefined)));
  }

  #dispatcher(url: URL, proxy: URL | undefined, verify: boolean): Promise<Dispatcher> {
    const tunnel = url.protocol === "https:" ? proxy : undefined;
    const secure = url.protocol === "https:" || proxy?.protocol === "https:";
    const key = `${tunnel?.href ?? ""} ${secure} ${verify}`;
    let dispatcher = this.#dispatchers.get(key);
    if (!dispatcher) this.#dispatchers.set(key, (dispatcher = this.#open(tunnel, secure, verify)));
    return dispatcher;
  }

  async #open(tunnel: URL | undefined, secure: boolean, verify: boolean): Promise<Dispatcher> {
    const { connections, connectTimeout: timeout, idleTimeout } = this.#options;
    const tls = !secure ? {} : verify ? { secureContext: await this.#trusted() } : { rejectUnauthorized: false };
    const connect = tunnel
      ? (await import("./proxy-tunnel.ts")).tunnelThrough(tunnel, { timeout, tls, proxyTls: { secureContext: await this.#trusted() } })
      : { timeout, ...tls };
    return new (loadAgent())({
      allowH2: false,
      connections,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      headersTimeout: idleTimeout,
      bodyTimeout: idleTimeout,
      connect,
    });
  }

  /** One context for all connections: reading a few hundred certificates for each would take longer than the handshake. */
  #trusted(): Promise<SecureContext> {
    return (this.#context ??= (async () => {
      const [{ createSecureContext }, { trustedCertificates }] = await Promise.all([import("node:tls"), import("./certificates.ts")]);
      return createSecureContext({ ca: trustedCertificates(this.#options.environment, this.#options.certificates) });
    })());
  }
}

/** The first value of a header. */
export function header(answer: Pick<Answer, "headers">, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Drops a body that nobody reads, keeping the connection if little of it is left. */
export async function discard(answer: Answer): Promise<void> {
  await answer.body.dump({ limit: 64 * 1024 }).catch(() => undefined);
}

/** Reads a body of at most `limit` bytes; undefined when it is longer. */
export async function readBody(answer: Answer, limit: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
