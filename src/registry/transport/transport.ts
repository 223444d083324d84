import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { SecureContext } from "node:tls";
import { BulkBody, withBulkSockets } from "./bulk-body.ts";
import { connectionError } from "./connection-error.ts";
import { exchange, type Body } from "./exchange.ts";
import type { ProxyChoice } from "./proxy-choice.ts";
import { withHeardSockets } from "./heard-sockets.ts";
import { systemTrust, trustKey, type Trust } from "./trust.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One HTTP answer; its body must be read to the end, or discarded with {@link discard}. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: IncomingMessage;
  /** The same in larger pieces, where the request was for a long body; then `body` must not be read. */
  readonly pieces?: BulkBody;
  readonly url: URL;
}

export interface TransportRequest {
  readonly method: Method;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  /** Whether the certificate of an https host is checked. */
  readonly verify: boolean;
  /** Authorities for this host beside those that are always trusted, and certificates that it is shown. */
  readonly trust?: Trust;
  /** Milliseconds until a connection stands, where it is not the transport's own. */
  readonly connectTimeout?: number;
  /** Milliseconds until the answer's headers, after the request was sent. */
  readonly answerTimeout?: number;
  /** Milliseconds without a byte, where it is not the transport's own. */
  readonly idleTimeout?: number;
  /** A long body is expected, which is worth a connection of its own. */
  readonly bulk?: boolean;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The proxy that a URL is reached through. @throws PROXY_INVALID */
  readonly proxyFor: (url: URL) => ProxyChoice | undefined;
  /** More authorities to trust, as PEM. */
  readonly certificates: readonly string[];
  /** Connections per host. */
  readonly connections: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds without a byte. */
  readonly idleTimeout: number;
  /** Milliseconds until the answer to what was sent whole. */
  readonly commitTimeout: number;
  readonly userAgent: string;
}

interface Manners {
  readonly verify: boolean;
  readonly trust: Trust;
  readonly connectTimeout: number;
  readonly bulk: boolean;
}

/** Sends single HTTP requests: pools, TLS, proxies and timeouts, and nothing that is particular to registries. */
export class Transport implements AsyncDisposable {
  readonly #options: TransportOptions;
  readonly #agents = new Map<string, Promise<Agent>>();
  #context: Promise<SecureContext> | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  get timeouts(): Pick<TransportOptions, "connectTimeout" | "idleTimeout" | "commitTimeout"> {
    return this.#options;
  }

  /** @throws ConnectionError when no answer came; the signal's reason when it was aborted. */
  async request(url: URL, request: TransportRequest): Promise<Answer> {
    request.signal?.throwIfAborted();
    const { userAgent } = this.#options;
    const { connectTimeout = this.#options.connectTimeout, idleTimeout = this.#options.idleTimeout } = request;
    const proxy = this.#options.proxyFor(url)?.url;
    // To a proxy, plain HTTP goes with the whole address (RFC 9112 § 3.2.2); HTTPS goes through a tunnel.
    const forwarded = url.protocol === "http:" && proxy?.protocol.startsWith("http") ? proxy : undefined;
    // A registry without TLS says nothing about the proxy, which gets a login of its own.
    const manners = forwarded ? { verify: true, trust: systemTrust } : { verify: request.verify, trust: request.trust ?? systemTrust };
    const bulk = request.bulk === true && proxy === undefined;
    const agent = await this.#agent(url, proxy, { ...manners, connectTimeout, bulk });
    const { protocol, hostname, port } = forwarded ?? url;
    const options: RequestOptions = {
      agent,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: port || (protocol === "https:" ? 443 : 80),
      path: forwarded ? url.href : url.pathname + url.search,
      method: request.method,
      headers: {
        "user-agent": userAgent,
        ...(forwarded ? { host: url.host, ...(await import("./proxy-tunnel.ts")).proxyAuthorization(forwarded) } : {}),
        ...request.headers,
      },
    };
    let pieces: BulkBody | undefined;
    const start = (): ClientRequest => {
      const started = open(protocol, options);
      if (bulk) started.once("response", (answer) => { pieces = BulkBody.of(started, answer); });
      return started;
    };
    try {
      const body = await exchange(start, {
        url, connectTimeout, idleTimeout,
        isHeld: () => pieces?.held ?? false,
        answerTimeout: request.answerTimeout ?? idleTimeout,
        ...(request.body !== undefined ? { body: request.body } : {}),
        ...(request.signal ? { signal: request.signal } : {}),
      });
      return { status: body.statusCode!, headers: body.headers, body, url, ...(pieces ? { pieces } : {}) };
    } catch (error) {
      request.signal?.throwIfAborted();
      throw connectionError(error, url, { connectTimeout, ...(proxy ? { proxy: proxy.host } : {}) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#agents.values());
    for (const each of opened) if (each.status === "fulfilled") each.value.destroy();
  }

  #agent(url: URL, proxy: URL | undefined, manners: Manners): Promise<Agent> {
    const tunnel = url.protocol === "https:" || proxy?.protocol.startsWith("socks") ? proxy : undefined;
    const secure = url.protocol === "https:" || proxy?.protocol === "https:";
    const key = [tunnel?.href ?? "", secure, manners.verify, trustKey(manners.trust), manners.connectTimeout, manners.bulk].join(" ");
    let agent = this.#agents.get(key);
    if (!agent) this.#agents.set(key, (agent = this.#open(tunnel, secure, manners).then(withHeardSockets)));
    return agent;
  }

  async #open(tunnel: URL | undefined, secure: boolean, { verify, trust, connectTimeout: timeout, bulk }: Manners): Promise<Agent> {
    const pool = { keepAlive: true, maxSockets: this.#options.connections };
    if (!secure) {
      const agent = new http.Agent(pool);
      if (bulk) withBulkSockets(agent);
      if (tunnel) agent.createConnection = (await import("./socks-tunnel.ts")).socksThrough(tunnel, { timeout });
      return agent;
    }
    const own = trust.authorities.length + trust.clients.length > 0;
    const secureContext = verify || own ? await (own ? this.#trusting(trust) : this.#trusted()) : undefined;
    const tls = { ...(secureContext ? { secureContext } : {}), ...(verify ? {} : { rejectUnauthorized: false }) };
    const agent = new (https().Agent)({ ...pool, ...tls });
    if (bulk) withBulkSockets(agent);
    if (tunnel?.protocol.startsWith("socks")) {
      agent.createConnection = (await import("./socks-tunnel.ts")).socksThrough(tunnel, { timeout, tls });
    } else if (tunnel) {
      const { tunnelThrough } = await import("./proxy-tunnel.ts");
      agent.createConnection = tunnelThrough(tunnel, { timeout, tls, proxyTls: { secureContext: await this.#trusted() } });
    }
    return agent;
  }

  /** One context for all connections: reading a few hundred certificates for each would take longer than the handshake. */
  #trusted(): Promise<SecureContext> {
    return (this.#context ??= (async () => {
      const [{ createSecureContext }, { trustedCertificates }] = await Promise.all([import("node:tls"), import("./certificates.ts")]);
      return createSecureContext({ ca: trustedCertificates(this.#options.environment, this.#options.certificates) });
    })());
  }

  async #trusting({ authorities, clients }: Trust): Promise<SecureContext> {
    const [{ createSecureContext }, { trustedCertificates }] = await Promise.all([import("node:tls"), import("./certificates.ts")]);
    const more = [...this.#options.certificates, ...authorities.map(({ pem }) => pem)];
    return createSecureContext({
      ca: trustedCertificates(this.#options.environment, more),
      cert: clients.map(({ certificate }) => certificate.pem),
      key: clients.map(({ key }) => key.pem),
    });
  }
}

// As an import, node:http takes 20 ms longer: all that it exports is looked at then, and one of that is a whole other HTTP client.
const http = process.getBuiltinModule("node:http");
const https = (): typeof import("node:https") => process.getBuiltinModule("node:https");

function open(protocol: string, options: RequestOptions): ClientRequest {
  return protocol === "https:" ? https().request(options) : http.request(options);
}

/** The first value of a header. */
export function header(answer: Pick<Answer, "headers">, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Drops a body that nobody reads, keeping the connection if little of it is left. */
export async function discard(answer: Answer): Promise<void> {
  const { body } = answer;
  if (!body.complete || body.readableLength > 0) return void (await readBody(answer, 64 * 1024).catch(() => undefined));
  // Most have none, and a reader takes a sixth of what a HEAD costs. At its end the connection is free again: who did not wait for that would open another one.
  if (body.readableEnded || body.destroyed) return;
  await new Promise<void>((resolve) => void body.once("end", resolve).once("close", resolve).resume());
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
