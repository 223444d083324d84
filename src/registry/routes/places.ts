import { fault, isFault, type Fault } from "../../std/fault.ts";
import { connectionKey, type Capability, type Endpoint } from "./endpoint.ts";
import type { Destination } from "./destination.ts";
import { readingRoute, writingRoute, type RouteRules } from "./routes-of.ts";

/** Told when a place has trouble, not when it merely lacks something, and the next one is asked. */
export type OnMirrorFailure = (mirror: string, reason: Fault) => void;

/** Where things of registries are read and written. */
export class Places {
  readonly #rules: () => Promise<RouteRules>;
  readonly #onMirrorFailure: OnMirrorFailure;
  readonly #withoutMirrors: boolean;
  readonly #down = new Set<string>();
  readonly #routes = new Map<string, Promise<unknown>>();

  /** @param rules asked for when a registry is contacted first; `withoutMirrors`: read where is written too */
  constructor(rules: () => Promise<RouteRules>, onMirrorFailure: OnMirrorFailure = () => undefined, withoutMirrors = false) {
    let loaded: Promise<RouteRules> | undefined;
    this.#rules = () => (loaded ??= rules());
    this.#onMirrorFailure = onMirrorFailure;
    this.#withoutMirrors = withoutMirrors;
  }

  /** What is written and deleted goes there. */
  async target(destination: Destination): Promise<Endpoint> {
    return this.#once("write", destination, async () => writingRoute(destination, await this.#rules()));
  }

  /** The registry itself, the last place to read from. */
  async origin(destination: Destination): Promise<Endpoint> {
    const last = (await this.#reading(destination)).at(-1);
    if (!last) throw fault("REGISTRY_NOWHERE", { host: destination.host, purpose: "read from" });
    return last;
  }

  /** Tells that a place that is passed over has trouble. */
  report(endpoint: Endpoint, reason: Fault): void {
    this.#onMirrorFailure(endpoint.candidates[0]!.origin, reason);
  }

  #reading(destination: Destination): Promise<readonly Endpoint[]> {
    return this.#once("read", destination, async () => readingRoute(destination, await this.#rules()));
  }

  #once<Route>(purpose: string, { host, repository, tag, digest }: Destination, find: () => Promise<Route>): Promise<Route> {
    const key = JSON.stringify([purpose, host, repository, tag, digest]);
    let route = this.#routes.get(key) as Promise<Route> | undefined;
    if (!route) this.#routes.set(key, (route = find()));
    return route;
  }

  /**
   * The result of the first place that has one and may be asked for it; what mirrors fail with is passed over.
   * Throws what the last place fails with.
   * @param options.except places that failed already
   */
  async first<Result>(
    destination: Destination, purpose: Exclude<Capability, "push">, task: (endpoint: Endpoint) => Promise<Result>,
    options: { readonly except?: ReadonlySet<string>; readonly signal?: AbortSignal } = {},
  ): Promise<Result> {
    if (this.#withoutMirrors) return task(await this.target(destination));
    const able = (await this.#reading(destination)).filter(({ capabilities }) => capabilities.includes(purpose));
    const without: string[] = [];
    for (const endpoint of able) {
      const key = connectionKey(endpoint);
      const last = endpoint === able.at(-1);
      if (!last && (this.#down.has(key) || options.except?.has(key))) continue;
      try {
        return await task({ ...endpoint, mirror: !last });
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!isFault(error)) throw error;
        if (last) throw without.length > 0 && isFault(error, "REGISTRY_UNREACHABLE") ? afterMirrors(error, without) : error;
        // A mirror need not have everything.
        if (error.code.endsWith("_UNKNOWN")) {
          without.push(endpoint.candidates[0]!.origin);
          continue;
        }
        this.report(endpoint, error);
        if (isFault(error, "REGISTRY_UNREACHABLE") || isFault(error, "REGISTRY_TIMEOUT") || isFault(error, "REGISTRY_CERTIFICATE")) this.#down.add(key);
      }
    }
    throw fault("REGISTRY_NOWHERE", { host: destination.host, purpose: purpose === "resolve" ? "asked what a tag means" : "read from" });
  }
}

/** Where a mirror is all that can be reached, a wrong name looks like trouble of the registry behind it. */
function afterMirrors(error: Fault, mirrors: readonly string[]): Fault {
  const details = error.details as { host: string; reason: string };
  const hint = `${mirrors.join(" and ")}, which ${mirrors.length > 1 ? "were" : "was"} asked first, ${mirrors.length > 1 ? "do" : "does"} not have it: check the name, or the way to ${details.host}`;
  return fault("REGISTRY_UNREACHABLE", { ...details, hint }, { cause: error.cause });
}
