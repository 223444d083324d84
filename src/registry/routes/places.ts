import { isFault, type Fault } from "../../std/fault.ts";
import type { Reference } from "../../oci/reference.ts";
import { mirrorEndpoint, registryEndpoint, type Endpoint } from "./endpoint.ts";

/** Where things of a registry host can be read: its mirrors in order, then the registry itself. */
export class Places {
  readonly #mirrors: ReadonlyMap<string, readonly string[]>;
  readonly #insecure: readonly string[] | boolean;
  readonly #onMirrorFailure: (mirror: string, reason: Fault) => void;
  readonly #down = new Set<string>();

  constructor(mirrors: ReadonlyMap<string, readonly string[]>, insecure: readonly string[] | boolean, onMirrorFailure?: (mirror: string, reason: Fault) => void) {
    this.#mirrors = mirrors;
    this.#insecure = insecure;
    this.#onMirrorFailure = onMirrorFailure ?? (() => undefined);
  }

  /** The registry itself: what is written and deleted goes there. */
  origin(reference: Pick<Reference, "host">): Endpoint {
    return registryEndpoint(reference.host, this.#insecure);
  }

  /** The result of the first place that has one; what mirrors fail with is passed over. Throws what the registry itself fails with. */
  async first<Result>(reference: Pick<Reference, "host">, task: (endpoint: Endpoint) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    for (const url of this.#mirrors.get(reference.host) ?? []) {
      if (this.#down.has(url)) continue;
      try {
        return await task(mirrorEndpoint(url, this.#insecure));
      } catch (error) {
        signal?.throwIfAborted();
        if (!isFault(error)) throw error;
        // A mirror need not have everything.
        if (error.code.endsWith("_UNKNOWN")) continue;
        this.#onMirrorFailure(url, error);
        if (isFault(error, "REGISTRY_UNREACHABLE") || isFault(error, "REGISTRY_TIMEOUT") || isFault(error, "REGISTRY_CERTIFICATE")) this.#down.add(url);
      }
    }
    return task(this.origin(reference));
  }
}
