import { fault } from "../../std/fault.ts";
import { answerFault, type Subject } from "./answer-fault.ts";
import { Authenticator } from "../auth/authenticator.ts";
import { ConnectionError, connectionError, toFault } from "../transport/connection-error.ts";
import type { TokenAnswer } from "../auth/token.ts";
import type { CredentialSource } from "../credentials/credentials.ts";
import { connectionKey, repositoryAt, type Endpoint } from "../routes/endpoint.ts";
import { reach, type Reach } from "./reach.ts";
import { resolveTarget } from "../transport/follow.ts";
import { isRetryableStatus, retryDelay, type RetryClock, type RetryPolicy } from "../transport/retry.ts";
import { discard, header, readBody, type Answer, type Method, type Transport } from "../transport/transport.ts";

/** One request to a registry, which may become several: redirects, a token, another attempt. */
export interface SessionRequest {
  readonly endpoint: Endpoint;
  readonly method: Method;
  /** A path such as `/v2/team/app/tags/list`, or an address that the registry gave. */
  readonly target: string | URL;
  readonly scopes: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for every attempt. */
  readonly body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  /** The statuses that are no fault. */
  readonly accept: readonly number[];
  readonly subject: Subject;
  /** False for what must not be done twice blindly. */
  readonly repeatable?: boolean;
  readonly answerTimeout?: number;
  /** A long body is expected. */
  readonly bulk?: boolean;
  readonly signal?: AbortSignal;
}

/** What is known of a place once it answered: its origin and how to sign in. */
export interface Connection {
  readonly endpoint: Endpoint;
  readonly origin: string;
  readonly verify: boolean;
  readonly authenticator: Authenticator;
}

const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 5;
/** Milliseconds; some mirrors fetch the whole before they answer. */
const MIRROR_PATIENCE = 30_000;

/** Requests with sign-in, redirects and retries, to any number of hosts. */
export class Session {
  readonly transport: Transport;
  readonly #credentials: CredentialSource;
  readonly #policy: RetryPolicy;
  readonly #clock: RetryClock;
  readonly #connections = new Map<string, Promise<Connection>>();

  constructor(options: { transport: Transport; credentials: CredentialSource; policy: RetryPolicy; clock: RetryClock }) {
    this.transport = options.transport;
    this.#credentials = options.credentials;
    this.#policy = options.policy;
    this.#clock = options.clock;
  }

  get policy(): RetryPolicy {
    return this.#policy;
  }

  get clock(): RetryClock {
    return this.#clock;
  }

  /**
   * Sends until an accepted status came. The caller reads or discards the body.
   * @throws REGISTRY_… and …_UNKNOWN faults
   */
  async send(request: SessionRequest): Promise<Answer> {
    const connection = await this.connect(request.endpoint, request.signal);
    return this.#repeat(request.endpoint, isRepeatable(request), request.signal, () => this.#accepted(connection, request));
  }

  /** Sends and reads the body, asking again when it breaks off; no bytes when it is longer than `limit`. */
  async read(request: SessionRequest, limit: number): Promise<{ answer: Answer; bytes: Uint8Array | undefined }> {
    const connection = await this.connect(request.endpoint, request.signal);
    return this.#repeat(request.endpoint, isRepeatable(request), request.signal, async () => {
      const answer = await this.#accepted(connection, request);
      return { answer, bytes: await this.#bodyOf(answer, limit, request.signal) };
    });
  }

  async #bodyOf(answer: Answer, limit: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      return await readBody(answer, limit);
    } catch (error) {
      signal?.throwIfAborted();
      throw connectionError(error, answer.url, this.transport.timeouts);
    }
  }

  /** Finds out, once per place, where it answers and whether it wants a login, by `GET /v2/`. */
  connect(endpoint: Endpoint, signal?: AbortSignal): Promise<Connection> {
    const key = connectionKey(endpoint);
    let connection = this.#connections.get(key);
    if (!connection) {
      connection = this.#probe(endpoint);
      this.#connections.set(key, connection);
      connection.catch(() => this.#connections.delete(key));
    }
    return unlessAborted(connection, signal);
  }

  #probe(endpoint: Endpoint): Promise<Connection> {
    return this.#repeat(endpoint, true, undefined, async () => {
      let first: unknown;
      for (const [position, candidate] of endpoint.candidates.entries()) {
        const last = position === endpoint.candidates.length - 1;
        try {
          const url = new URL(`${endpoint.api}/`, candidate.origin);
          const answer = await this.transport.request(url, { method: "GET", ...reach(url, endpoint, candidate), ...patience(endpoint, this.transport.timeouts) });
          if (!last && answer.status === 400 && (await spokeToTls(answer))) continue;
          const authenticator = this.#authenticator(endpoint, candidate);
          if (answer.status === 401) authenticator.learn(answer);
          await discard(answer);
          return { endpoint, ...candidate, authenticator };
        } catch (error) {
          first ??= error;
          if (!speaksOtherwise(error)) break;
        }
      }
      throw first;
    });
  }

  #authenticator(endpoint: Endpoint, candidate: { readonly origin: string; readonly verify: boolean }): Authenticator {
    return new Authenticator({
      host: endpoint.host,
      credentials: this.#credentials,
      now: () => this.#clock.now(),
      send: (url, request, limit) => this.#sendToken(endpoint, url, { ...request, ...reach(url, endpoint, candidate, request.headers) }, limit),
    });
  }

  async #accepted(connection: Connection, request: SessionRequest): Promise<Answer> {
    const answer = await this.#exchange(connection, request);
    if (request.accept.includes(answer.status)) return answer;
    const { subject, method, scopes } = request;
    const { authenticator } = connection;
    throw new FailedAnswer(answer, async () => answerFault(await this.#withWords(answer, connection, request), { subject, place: repositoryOf(request), method, scopes, authenticator, now: this.#clock.now() }));
  }

  /** A refusal of a HEAD has no body: the same by GET says why. */
  async #withWords(answer: Answer, connection: Connection, request: SessionRequest): Promise<Answer> {
    if (request.method !== "HEAD" || (answer.status !== 401 && answer.status !== 403)) return answer;
    // What is not read keeps the connection.
    await discard(answer);
    const again = await this.#exchange(connection, { ...request, method: "GET" }).catch(() => undefined);
    if (again?.status === answer.status) return again;
    if (again) await discard(again);
    return answer;
  }

  /** One request with its redirects; after a 401 once more with a new token. */
  async #exchange(connection: Connection, request: SessionRequest): Promise<Answer> {
    const { authenticator } = connection;
    const first = typeof request.target === "string" ? new URL(request.target, connection.origin) : request.target;
    let authorization = first.origin === connection.origin ? await authenticator.authorization(request.scopes, repositoryOf(request)) : undefined;
    let renewed = false;
    let url = first;
    let left = false;
    for (let redirects = 0; ; ) {
      // Whoever the registry led to does not decide what is asked of it with our login.
      left ||= url.origin !== connection.origin;
      const own = !left;
      const answer = await this.#request(connection, request, url, { left, ...(own && authorization !== undefined ? { authorization } : {}) });
      if (answer.status === 401 && own && !renewed) {
        const value = await authenticator.renewed(answer, request.scopes, authorization, repositoryOf(request));
        if (value === undefined) return answer;
        await discard(answer);
        authorization = value;
        renewed = true;
        continue;
      }
      const location = header(answer, "location");
      if (!REDIRECTS.includes(answer.status) || location === undefined || (request.method !== "GET" && request.method !== "HEAD")) return answer;
      await discard(answer);
      redirects += 1;
      if (redirects > MOST_REDIRECTS) {
        throw fault("REDIRECT_REFUSED", { host: request.endpoint.host, target: url.origin, problem: `there were more than ${MOST_REDIRECTS} redirects` });
      }
      url = resolveTarget(location, url, request.endpoint.host);
    }
  }

  #request(connection: Connection, request: SessionRequest, url: URL, { left, authorization }: { left: boolean; authorization?: string }): Promise<Answer> {
    const { method, headers, body, answerTimeout, bulk, signal } = request;
    return this.transport.request(url, {
      method,
      ...reach(url, left ? { ...connection.endpoint, headers: {} } : connection.endpoint, connection, { ...headers, ...(authorization !== undefined ? { authorization } : {}) }),
      ...patience(request.endpoint, this.transport.timeouts),
      ...(body ? { body: body() } : {}),
      ...(answerTimeout !== undefined ? { answerTimeout } : {}),
      ...(bulk !== undefined ? { bulk } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  #sendToken(endpoint: Endpoint, url: URL, request: { method: "GET" | "POST"; body?: string } & Reach, limit: number): Promise<TokenAnswer> {
    return this.#repeat(endpoint, true, undefined, async () => {
      const answer = await this.transport.request(url, request);
      if (!isRetryableStatus(answer.status)) return { status: answer.status, url: answer.url, location: header(answer, "location"), bytes: await this.#bodyOf(answer, limit) };
      throw new FailedAnswer(answer, async () => {
        await discard(answer);
        return answer.status === 429
          ? fault("REGISTRY_LIMIT", { host: url.host })
          : fault("REGISTRY_SERVER_ERROR", { host: url.host, status: answer.status, request: "a token request" });
      });
    });
  }

  async #repeat<Result>(endpoint: Endpoint, repeatable: boolean, signal: AbortSignal | undefined, task: () => Promise<Result>): Promise<Result> {
    // A mirror only saves time; when it has trouble, the next place is asked rather than waited for.
    const policy = endpoint.mirror ? { ...this.#policy, attempts: Math.min(2, this.#policy.attempts) } : this.#policy;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await task();
      } catch (error) {
        // An upload that stalls is stopped by a signal too.
        if (signal?.aborted && !(signal.reason instanceof ConnectionError)) throw signal.reason;
        const lost = endpoint.mirror && error instanceof ConnectionError && error.problem === "timeout";
        const wait = repeatable && !lost ? pauseBefore(error, attempt, policy, this.#clock) : undefined;
        if (wait === undefined) {
          if (error instanceof FailedAnswer) throw await error.fault();
          throw error instanceof ConnectionError ? toFault(error, endpoint.host) : error;
        }
        if (error instanceof FailedAnswer) await discard(error.answer);
        await this.#clock.sleep(wait, signal);
      }
    }
  }
}

/** An answer that is a fault unless another attempt brings a better one. */
class FailedAnswer extends Error {
  readonly answer: Answer;
  readonly fault: () => Promise<Error>;

  constructor(answer: Answer, toFault: () => Promise<Error>) {
    super(`status ${answer.status}`);
    this.answer = answer;
    this.fault = toFault;
  }
}

/** The repository as the place that is asked calls it, by which its credentials are kept. */
function repositoryOf({ endpoint, subject }: SessionRequest): string | undefined {
  return subject.repository === undefined ? undefined : repositoryAt(endpoint, subject.repository);
}

function isRepeatable({ method, repeatable }: SessionRequest): boolean {
  return repeatable ?? method !== "PATCH";
}

function pauseBefore(error: unknown, attempt: number, policy: RetryPolicy, clock: RetryClock): number | undefined {
  if (error instanceof FailedAnswer) {
    return isRetryableStatus(error.answer.status) ? retryDelay(attempt, policy, clock, header(error.answer, "retry-after")) : undefined;
  }
  if (!(error instanceof ConnectionError) || !error.transient) return undefined;
  // Where nothing listens or nothing answers, waiting long helps nobody.
  const fewer = error.problem === "broken" ? policy : { ...policy, attempts: Math.min(policy.attempts, error.problem === "timeout" ? 2 : 3) };
  return retryDelay(attempt, fewer, clock);
}

/** Whether a failed connection may mean that the host is to be asked by the other one of http and https. */
function speaksOtherwise(error: unknown): boolean {
  return error instanceof ConnectionError && ["wrong-protocol", "broken", "refused"].includes(error.problem);
}

/** A place that another one stands behind is not waited for as long as a registry. */
function patience({ mirror }: Endpoint, { idleTimeout }: { readonly idleTimeout: number }): { idleTimeout?: number } {
  return mirror ? { idleTimeout: Math.min(MIRROR_PATIENCE, idleTimeout) } : {};
}

/** Waits for what others wait for too, and leaves alone when aborted. */
function unlessAborted<Value>(shared: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return shared;
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

/** Go's and nginx' answers to plain HTTP on a TLS port. */
async function spokeToTls(answer: Answer): Promise<boolean> {
  const body = await readBody(answer, 4096).catch(() => undefined);
  return body !== undefined && /HTTPS (?:server|port)/i.test(Buffer.from(body).toString("latin1"));
}
