import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { parseReference, type Reference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { BlobArrival } from "../registry/transfer/push-image.ts";
import { Semaphore } from "../std/semaphore.ts";
import { giveLoanBack, type PieceLoan } from "../std/growing-file.ts";
import type { Store } from "../store/open-store.ts";
import type { BlobTaker, GrowingBlob } from "./layer-blobs.ts";
import type { ClientSource } from "./lazy-client.ts";
import type { OpenUploads } from "./open-uploads.ts";
import { askForTag, type TagBefore } from "./tag-before.ts";

interface Upload {
  readonly place: Reference;
  readonly blob: Promise<Descriptor>;
  readonly arrival: Promise<BlobArrival>;
}

/** Bytes: to ask whether the registry has so little takes as long as sending it. */
const NO_QUESTION = 32 * 1024;
/** Milliseconds that a push waits for an answer that would only make it shorter. */
const PATIENCE = 1000;
/** How many blobs the last step brings with it: its layer, and the config. */
const LAST_BLOBS = 2;
/** Bytes: when more than this is left to send at the time the digest is known, the registry may as well be asked. */
const WORTH_A_QUESTION = 4 * 1024 * 1024;

/** Blobs on their way to one host. More than it has connections would each wait for one with a piece in memory; one is left for questions. */
const LANES = 7;

/**
 * Sends layers to where the image will be pushed while they are packed, and while later steps run. The push itself
 * waits for them. When the build fails after that, the registry collects them some day: no manifest names them.
 */
export class PushAhead implements BlobTaker, Disposable {
  readonly #store: Store;
  readonly #client: ClientSource;
  readonly #places: readonly Reference[];
  readonly #patience: number;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #uploads: Upload[] = [];
  readonly #opened: OpenUploads | undefined;
  readonly #lanes = new Map<string, Semaphore>();
  readonly #before = new Map<string, Promise<TagBefore | undefined>>();

  /**
   * @param options.names full references that the image will be pushed as; none where it will not be pushed
   * @param options.opened keeps uploads that are opened ahead, where that is wanted
   */
  constructor(options: { store: Store; client: ClientSource; names: readonly string[]; opened?: OpenUploads | undefined; signal?: AbortSignal | undefined; patience?: number }) {
    this.#opened = options.opened;
    this.#patience = options.patience ?? PATIENCE;
    this.#store = options.store;
    this.#client = options.client;
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#stop.signal]) : this.#stop.signal;
    // Tags of one repository share their blobs.
    this.#places = [...new Map(options.names.map((name) => parseReference(name)).map((place) => [repositoryOf(place), place])).values()];
  }

  /** Connects, and loads what pushing needs, while there is nothing else to do. */
  prepare(): void {
    if (this.#places.length === 0) return;
    const hosts = new Set(this.#places.map(({ host }) => host));
    // Who sends something is told what is wrong with the registry.
    void this.#client().then((client) => Promise.all([...hosts].map((host) => client.connect(host, { signal: this.#signal })))).catch(() => undefined);
    for (const place of this.#places) this.#before.set(repositoryOf(place), askForTag(this.#store, this.#client, place, this.#signal));
    void import("./export-result.ts").catch(() => undefined);
  }

  /** The last step is being done. Where the tag is found, uploads are opened for what it will bring, as far as that is not on its way by then. */
  expectLast(): void {
    for (const place of this.#places) {
      const begun = this.#uploadsTo(place).length;
      void this.#before.get(repositoryOf(place))?.then((found) => found && this.#opened?.open(place, Math.max(0, LAST_BLOBS - this.#uploadsTo(place).length + begun)));
    }
  }

  /** What that repository had under one of the image's names when the build began. */
  async tagBefore(place: Reference): Promise<TagBefore | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => { timer = setTimeout(resolve, this.#patience, undefined); });
    return Promise.race([this.#before.get(repositoryOf(place)), late]).finally(() => clearTimeout(timer));
  }

  stream(blob: GrowingBlob): void {
    for (const place of this.#places) this.#begin(place, blob.whole, this.#sendGrowing(place, blob));
  }

  add(blob: Descriptor, bytes?: Uint8Array): void {
    const read = bytes && async function* (start: number) { yield bytes.subarray(start); };
    for (const place of this.#places) this.#begin(place, Promise.resolve(blob), this.#send(place, blob, read));
  }

  /** The registry is known to have the blob. */
  there(place: Reference, blob: Descriptor): void {
    this.#begin(place, Promise.resolve(blob), Promise.resolve("exists"));
  }

  /** The repositories that the image goes to. */
  get places(): readonly Reference[] {
    return this.#places;
  }

  /** What becomes of the layers on their way to that repository; all of them must be packed by now. */
  async underWay(place: Reference): Promise<ReadonlyMap<Digest, Promise<BlobArrival>>> {
    return new Map(await Promise.all(this.#uploadsTo(place).map(async ({ blob, arrival }) => [(await blob).digest, arrival] as const)));
  }

  /** Gives up what is on its way. */
  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  #laneTo({ host }: Reference): Semaphore {
    const lane = this.#lanes.get(host) ?? new Semaphore(LANES);
    this.#lanes.set(host, lane);
    return lane;
  }

  #uploadsTo(place: Reference): readonly Upload[] {
    return this.#uploads.filter((upload) => repositoryOf(upload.place) === repositoryOf(place));
  }

  #begin(place: Reference, blob: Promise<Descriptor>, arrival: Promise<BlobArrival>): void {
    arrival.catch(() => undefined); // thrown to who waits for it
    this.#uploads.push({ place, blob, arrival });
  }

  async #send(
    place: Reference, { digest, size }: Descriptor, read = (start: number): AsyncIterable<Uint8Array> => this.#store.blobs.read(digest, { start }),
  ): Promise<BlobArrival> {
    const client = await this.#client();
    const signal = this.#signal;
    if (size > NO_QUESTION && (await client.blobHead(place, digest, { push: true, size, signal }))) return "exists";
    const put = async (): Promise<void> => {
      const upload = await this.#opened?.take(place);
      await client.blobPut(place, { digest, size, open: read }, { signal, ...(upload ? { upload } : {}) });
    };
    await this.#laneTo(place).run(put, signal);
    return "sent";
  }

  /** Sends what is there of the blob, as it comes; a registry that has it already is found out when its digest is known. */
  async #sendGrowing(place: Reference, { file, whole, stored, read }: GrowingBlob): Promise<BlobArrival> {
    const client = await this.#client();
    const needless = new AbortController();
    let sent = 0;
    let loan: PieceLoan = {};
    const stream = (): Promise<void> =>
      client.blobStream(place, { open: () => file.read((loan = {})), whole }, { signal: this.#signal, needless: needless.signal, onBytes: (bytes) => { sent = bytes; } });
    const streamed = this.#laneTo(place).run(stream, AbortSignal.any([this.#signal, needless.signal])).then(() => true, () => false);
    const blob = await whole;
    if (blob.size - sent > WORTH_A_QUESTION && (await isThere(client, place, blob, this.#signal))) {
      needless.abort();
      await streamed;
      return "exists";
    }
    if (await streamed) {
      // The registry has all that was in it.
      giveLoanBack(loan);
      return "sent";
    }
    this.#signal.throwIfAborted();
    return this.#send(place, await stored, read);
  }
}

async function isThere(client: RegistryClient, place: Reference, { digest, size }: Pick<Descriptor, "digest" | "size">, signal: AbortSignal): Promise<boolean> {
  return (await client.blobHead(place, digest, { push: true, size, signal }).catch(() => undefined)) !== undefined;
}

function repositoryOf({ host, repository }: Reference): string {
  return `${host}/${repository}`;
}
