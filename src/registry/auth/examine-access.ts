import { openSession, routeRules, type RegistryClientOptions } from "../client.ts";
import { givenLogins, type Login } from "../credentials/given-logins.ts";
import { explainLogin, shownLogin, type LoginStep, type ShownLogin } from "../credentials/explain-login.ts";
import { sourceNames, type HelperList } from "../credentials/login-sources.ts";
import type { Connection, Session } from "../requests/session.ts";
import { cancelUpload, openUpload } from "../requests/upload-requests.ts";
import { repositoryAt, repositoryPath, repositoryScope, type Endpoint } from "../routes/endpoint.ts";
import { Places } from "../routes/places.ts";
import { discard } from "../transport/transport.ts";
import { isFault, type Fault } from "../../std/fault.ts";
import { printable } from "../../std/printable.ts";
import { coversScopes } from "./scope.ts";

/** Whether one thing may be done, and how that is known. */
export interface AccessProbe {
  readonly action: "sign in" | "pull" | "push";
  readonly allowed: boolean;
  /** `token`: the token says so; `tried`: the registry let it happen, or not. */
  readonly known: "token" | "tried";
  readonly asked?: string;
  /** The scopes of the token, where it tells them. */
  readonly granted?: readonly string[];
  /** When the token ends. */
  readonly expires?: string;
  readonly problem?: string;
  readonly hint?: string;
}

/** What is known about access to a registry or a repository. Holds no secret. */
export interface AccessReport {
  readonly reference: string;
  readonly host: string;
  readonly repository?: string;
  readonly login?: ShownLogin;
  /** The places that may have a login, in the order in which they are asked. */
  readonly places: readonly LoginStep[];
  /** All files and variables that are looked into. */
  readonly lookedIn: readonly string[];
  /** Where the registry answered and what it wants; missing when it did not answer. */
  readonly registry?: { readonly origin: string; readonly wants: "no login" | "basic" | "bearer"; readonly realm?: string; readonly service?: string };
  readonly probes: readonly AccessProbe[];
}

export interface ExamineOptions extends Pick<RegistryClientOptions, "insecure" | "mirrors" | "routes" | "timeouts"> {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly logins?: ReadonlyMap<string, Login>;
  /** As who does not log in. */
  readonly anonymous?: boolean;
  readonly authFile?: string;
  readonly helpers?: HelperList;
  readonly signal?: AbortSignal;
}

/**
 * Finds out who we are for a host, or a repository of it, and what the registry itself lets us do there: by what its tokens
 * say, and where they say nothing by trying. Trying to push opens an upload and gives it up.
 * @throws DOCKER_CONFIG_INVALID
 */
export async function examineAccess(place: { readonly host: string; readonly repository?: string }, options: ExamineOptions): Promise<AccessReport> {
  const endpoint = await new Places(routeRules(options)).origin(place);
  const repository = place.repository === undefined ? undefined : repositoryAt(endpoint, place.repository);
  const found = await whoWeAre(endpoint.host, repository, options);
  const session = openSession({ ...options, credentials: { find: () => found.credential } });
  await using _closing = session.transport;
  const report = {
    reference: place.repository === undefined ? place.host : `${place.host}/${place.repository}`,
    host: endpoint.host,
    ...(repository === undefined ? {} : { repository }),
    ...(found.credential ? { login: shownLogin(found.credential) } : {}),
    places: found.steps,
    lookedIn: options.anonymous ? [] : sourceNames(options),
  };
  let connection: Connection;
  try {
    connection = await session.connect(endpoint, options.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isFault(error)) throw error;
    return { ...report, probes: [{ action: "sign in", allowed: false, known: "tried", ...problemOf(error) }] };
  }
  const examination = new Examination(session, endpoint, connection, options.signal);
  const probes = place.repository === undefined ? [await examination.signIn()] : [await examination.pull(place.repository), await examination.push(place.repository)];
  return { ...report, registry: whatItWants(connection), probes };
}

async function whoWeAre(host: string, repository: string | undefined, { logins = new Map(), anonymous = false, ...options }: ExamineOptions): ReturnType<typeof explainLogin> {
  if (anonymous) return { steps: [] };
  const given = await givenLogins(logins, { find: () => undefined }).find(host, repository);
  const kept = await explainLogin(host, repository, options);
  if (!given) return kept;
  return { credential: given, steps: [{ source: given.source, key: host, outcome: "used" }, ...kept.steps.map((step) => ({ ...step, outcome: step.outcome === "used" ? "later" as const : step.outcome }))] };
}

function whatItWants({ origin, authenticator: { challenge } }: Connection): NonNullable<AccessReport["registry"]> {
  if (!challenge) return { origin, wants: "no login" };
  const { scheme, parameters: { realm, service } } = challenge;
  return { origin, wants: scheme === "bearer" ? "bearer" : "basic", ...(realm === undefined ? {} : { realm: printable(realm.replace(/[?#].*$/s, "")) }), ...(service === undefined ? {} : { service: printable(service) }) };
}

/** The questions to one registry. */
class Examination {
  readonly #session: Session;
  readonly #endpoint: Endpoint;
  readonly #connection: Connection;
  readonly #signal: { readonly signal?: AbortSignal };

  constructor(session: Session, endpoint: Endpoint, connection: Connection, signal: AbortSignal | undefined) {
    this.#session = session;
    this.#endpoint = endpoint;
    this.#connection = connection;
    this.#signal = signal ? { signal } : {};
  }

  signIn(): Promise<AccessProbe> {
    return this.#probe("sign in", undefined, [], async () => {
      const subject = { kind: "registry", name: "/v2/" } as const;
      await discard(await this.#session.send({ endpoint: this.#endpoint, method: "GET", target: `${this.#endpoint.api}/`, scopes: [], accept: [200], subject, ...this.#signal }));
    });
  }

  /** A repository that is not there may be pulled from, as far as rights go. */
  pull(repository: string): Promise<AccessProbe> {
    const scopes = [repositoryScope(this.#endpoint, repository, "pull")];
    return this.#probe("pull", repository, scopes, async () => {
      await discard(await this.#session.send({
        endpoint: this.#endpoint, method: "GET", target: repositoryPath(this.#endpoint, { repository }, "tags/list?n=1"), scopes, accept: [200, 404],
        subject: { kind: "list", name: `tags of ${repository}`, repository }, ...this.#signal,
      }));
    });
  }

  push(repository: string): Promise<AccessProbe> {
    const scopes = [repositoryScope(this.#endpoint, repository, "pull,push")];
    return this.#probe("push", repository, scopes, async () => {
      const reference = { host: this.#endpoint.host, repository };
      const upload = await openUpload(this.#session, this.#endpoint, reference, this.#signal.signal);
      await cancelUpload(this.#session, this.#endpoint, reference, upload, this.#signal.signal);
    });
  }

  async #probe(action: AccessProbe["action"], repository: string | undefined, scopes: readonly string[], trial: () => Promise<void>): Promise<AccessProbe> {
    const { authenticator } = this.#connection;
    const about = { action, ...(scopes.length > 0 ? { asked: scopes.join(" ") } : {}) } as const;
    const place = repository === undefined ? undefined : repositoryAt(this.#endpoint, repository);
    let expires = {};
    try {
      const token = await authenticator.token(scopes, place);
      expires = token && Number.isFinite(token.expires) ? { expires: new Date(token.expires).toISOString() } : {};
      if (token?.granted && scopes.length > 0) {
        const allowed = coversScopes(token.granted, scopes);
        const refusal = allowed ? {} : problemOf(await authenticator.refusal("REGISTRY_UNAUTHORIZED", { scopes, ...(place === undefined ? {} : { repository: place }) }));
        return { ...about, allowed, known: "token", granted: token.granted, ...expires, ...refusal };
      }
      await trial();
      return { ...about, allowed: true, known: "tried", ...expires };
    } catch (error) {
      this.#signal.signal?.throwIfAborted();
      if (!isFault(error)) throw error;
      return { ...about, allowed: false, known: "tried", ...expires, ...problemOf(error) };
    }
  }
}

function problemOf(error: Fault): Pick<AccessProbe, "problem" | "hint"> {
  return { problem: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
