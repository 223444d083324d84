import { fault, isFault, type Fault } from "../../std/fault.ts";
import { connectionKey, type Capability, type Endpoint } from "./endpoint.ts";
import { readingRoute, writingRoute, type Destination, type RouteRules } from "./routes-of.ts";

/** Told when a place has trouble, not when it merely lacks something, and the next one is asked. */
export type OnMirrorFailure = (mirror: string, reason: Fault) => void;

/** Where things of registries are read and written. */
export class Places {
  readonly #rules: () => Promise<RouteRules>;
  readonly #onMirrorFailure: OnMirrorFailure;
  readonly #withoutMirrors: boolean;
  readonly #down = new Set<string>();

  /** @param rules asked for when a registry is contacted first; `withoutMirrors`: read where is written too */
  constructor(rules: () => Promise<RouteRules>, onMirrorFailure: OnMirrorFailure = () => undefined, withoutMirrors = false) {
    let loaded: Promise<RouteRules> | undefined;
    this.#rules = () => (loaded ??= rules());
    this.#onMirrorFailure = onMirrorFailure;
    this.#withoutMirrors = withoutMirrors;
  }

  /** What is written and deleted goes there. */
  async target(destination: Destination): Promise<Endpoint> {
    return writingRoute(destination, await this.#rules());
  }

  /** The registry itself, the last place to read from. */
  async origin(destination: Destination): Promise<Endpoint> {
    return readingRoute(destination, await this.#rules()).at(-1)!;
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
    const able = readingRoute(destination, await this.#rules()).filter(({ capabilities }) => capabilities.includes(purpose));
    for (const endpoint of able) {
      const key = connectionKey(endpoint);
      const last = endpoint === able.at(-1);
      if (!last && (this.#down.has(key) || options.except?.has(key))) continue;
      try {
        return await task({ ...endpoint, mirror: !last });
      } catch (error) {
        options.signal?.throwIfAborted();
        if (last || !isFault(error)) throw error;
        // A mirror need not have everything.
        if (error.code.endsWith("_UNKNOWN")) continue;
        this.#onMirrorFailure(endpoint.candidates[0]!.origin, error);
        if (isFault(error, "REGISTRY_UNREACHABLE") || isFault(error, "REGISTRY_TIMEOUT") || isFault(error, "REGISTRY_CERTIFICATE")) this.#down.add(key);
      }
    }
    throw fault("REGISTRY_UNREACHABLE", { host: destination.host, reason: `no place that may be asked for it is known`, hint: "`sampan registry routes` shows the places and who named them" });
  }
}
