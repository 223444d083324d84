import { hideLogin, type GitUrl } from "../context/git-url.ts";
import type { Transport } from "../registry/transport/transport.ts";
import type { Store } from "../store/open-store.ts";
import type { Fetched, FetchOptions, FetchSecret } from "./fetched.ts";
import type { HttpSource } from "./fetch-http.ts";
import { gitKey } from "./pins.ts";
import type { SshAccess } from "./git-command.ts";

export interface RemoteSourcesOptions extends Pick<FetchOptions, "noCache" | "pull" | "signal"> {
  readonly store: Store;
  readonly secret: FetchSecret;
  /** What was fetched is noted there. */
  readonly pins: Map<string, string>;
}

/** What the builds of one command fetch: each source once, whoever asks for it. */
export class RemoteSources implements AsyncDisposable {
  readonly #options: RemoteSourcesOptions;
  readonly #pending = new Map<string, Promise<Fetched>>();
  #transport: Promise<Transport> | undefined;

  constructor(options: RemoteSourcesOptions) {
    this.#options = options;
  }

  http(source: HttpSource, options: FetchOptions = {}): Promise<Fetched> {
    return this.#once(["http", source], source.url, async () => {
      const [{ fetchHttp }, transport] = await Promise.all([import("./fetch-http.ts"), (this.#transport ??= openTransport())]);
      return fetchHttp(source, { ...this.#options, ...options, transport });
    });
  }

  /** @param options.ssh how SSH may be used; without it, it may not */
  git(source: GitUrl, { ssh, ...options }: FetchOptions & { ssh?: SshAccess | undefined } = {}): Promise<Fetched> {
    return this.#once(["git", source], gitKey(source), async () => (await import("./fetch-git.ts")).fetchGit(source, { ...this.#options, ...options, ssh }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#pending.values());
    await (await this.#transport?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }

  #once(source: unknown, name: string, fetch: () => Promise<Fetched>): Promise<Fetched> {
    const key = JSON.stringify(source);
    let promise = this.#pending.get(key);
    if (!promise) this.#pending.set(key, (promise = this.#noted(name, fetch())));
    return promise;
  }
  async #noted(name: string, fetching: Promise<Fetched>): Promise<Fetched> {
    const fetched = await fetching;
    this.#options.pins.set(name, fetched.pin);
    return fetched;
  }
}

/** How messages and progress call a git source. */
export function showGit({ remote, ref, subdir }: GitUrl): string {
  const fragment = `${ref ?? ""}${subdir === undefined ? "" : `:${subdir}`}`;
  return hideLogin(remote) + (fragment === "" ? "" : `#${fragment}`);
}

/** The way to servers is the one to registries: the same proxies, authorities and timeouts. */
export async function openTransport(): Promise<Transport> {
  const [{ Transport }, { machineRoutes }] = await Promise.all([import("../registry/transport/transport.ts"), import("../registry/routes/machine-routes.ts")]);
  const routes = machineRoutes(process.env);
  return new Transport({
    environment: process.env, proxyFor: (url) => routes.proxyFor(url), certificates: [], connections: 8,
    connectTimeout: 10_000, idleTimeout: 60_000, commitTimeout: 60_000, userAgent: "sampan",
  });
}
