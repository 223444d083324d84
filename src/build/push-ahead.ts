import type { Descriptor } from "../oci/manifest.ts";
import { parseReference, type Reference } from "../oci/reference.ts";
import type { Store } from "../store/open-store.ts";
import type { ClientSource } from "./lazy-client.ts";

/**
 * Sends layers to where the image will be pushed as soon as they are packed, while later steps run. The push itself
 * finds them there. When the build fails after that, the registry collects them some day: no manifest names them.
 */
export class PushAhead implements Disposable {
  readonly #store: Store;
  readonly #client: ClientSource;
  readonly #places: readonly Reference[];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #uploads: Promise<void>[] = [];

  /** @param names full references that the image will be pushed as; none where it will not be pushed */
  constructor(options: { store: Store; client: ClientSource; names: readonly string[]; signal: AbortSignal }) {
    this.#store = options.store;
    this.#client = options.client;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    const places = options.names.map((name) => parseReference(name));
    // Tags of one repository share their blobs.
    this.#places = [...new Map(places.map((place) => [`${place.host}/${place.repository}`, place])).values()];
  }

  /** Loads what pushing needs, while there is nothing else to do. */
  prepare(): void {
    if (this.#places.length > 0) void Promise.all([this.#client(), import("./export-result.ts"), import("../registry/transport/transport.ts")]).catch(() => undefined);
  }

  /** A layer that was made now is sent; its blob is in the store. */
  add(blob: Descriptor): void {
    for (const place of this.#places) {
      const upload = this.#send(place, blob);
      upload.catch(() => undefined);
      this.#uploads.push(upload);
    }
  }

  /** When all is sent. @throws what sending a layer met; it has been tried several times by then */
  async finish(): Promise<void> {
    await Promise.all(this.#uploads);
  }

  /** Gives up what is on its way. */
  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #send(place: Reference, { digest, size }: Descriptor): Promise<void> {
    const client = await this.#client();
    if (await client.blobHead(place, digest, { push: true, signal: this.#signal })) return;
    await client.blobPut(place, { digest, size, open: (start) => this.#store.blobs.read(digest, { start }) }, { signal: this.#signal });
  }
}
