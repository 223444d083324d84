import type { Reference } from "../oci/reference.ts";
import { formatRepository } from "../oci/reference.ts";
import type { ClientSource } from "./lazy-client.ts";

/** Milliseconds after which nobody relies on an upload that was opened ahead: registries forget them some day. */
const LASTING = 10_000;
/** Milliseconds that giving up what was not used may take. */
const PATIENCE = 2_000;

interface Opened {
  readonly place: Reference;
  readonly since: number;
  readonly upload: Promise<URL | undefined>;
}

/**
 * Uploads that a registry is asked for while it is not yet known what they will carry, so that nothing has to be
 * waited for once it is. What nobody takes is given up.
 */
export class OpenUploads implements AsyncDisposable {
  readonly #client: ClientSource;
  readonly #signal: AbortSignal;
  readonly #end = new AbortController();
  readonly #opened = new Map<string, Opened[]>();

  constructor(client: ClientSource, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  open(place: Reference, count: number): void {
    const signal = AbortSignal.any([this.#signal, this.#end.signal]);
    const waiting = this.#opened.get(formatRepository(place)) ?? [];
    this.#opened.set(formatRepository(place), waiting);
    // Who sends something is told what is wrong with the registry.
    const open = async (): Promise<URL | undefined> => (await this.#client()).uploadOpen(place, { signal }).catch(() => undefined);
    for (let each = 0; each < count; each += 1) waiting.push({ place, since: Date.now(), upload: open() });
  }

  /** One that was opened in that repository not long ago, if there is any; its taker uses it or gives it up. */
  async take(place: Reference): Promise<URL | undefined> {
    const waiting = this.#opened.get(formatRepository(place));
    if (!waiting?.length || Date.now() - waiting[0]!.since > LASTING) return undefined;
    return waiting.shift()!.upload;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    const left = [...this.#opened.values()].flat();
    if (left.length === 0 || this.#signal.aborted) return;
    const signal = AbortSignal.timeout(PATIENCE);
    const client = await this.#client();
    await Promise.all(left.map(async ({ place, upload }) => {
      const url = await upload;
      if (url) await client.uploadCancel(place, url, { signal });
    }));
  }
}
