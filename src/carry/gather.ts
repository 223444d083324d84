import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-type.ts";
import { together } from "../registry/transfer/together.ts";
import { fault } from "../std/fault.ts";
import { Semaphore } from "../std/semaphore.ts";
import type { Document, Sink, Source } from "./place.ts";
import { readDocument } from "./read-document.ts";

/** What has to be carried, found out before the first blob moves. */
export interface Cargo {
  /** Those that others name come before these. */
  readonly documents: readonly { readonly document: Document; readonly tag?: string }[];
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
  /** Bytes of blobs that need not be looked at, as a manifest that names them is there. */
  readonly bytesThere: number;
  /** Blobs that are left out, as their makers do not want them handed on. */
  readonly foreign: readonly Descriptor[];
}

const DEEPEST = 4;
/** Indexes of some hundred platforms exist; these stop what is made to fill memory. */
const MOST_DOCUMENTS = 2_000;
const MOST_BYTES = 128 * 1024 * 1024;
const MOST_BLOBS = 50_000;

/** Gathers documents and blobs below roots, and passes over those that the sink has already, with all that they name. */
export class Gatherer {
  readonly #source: Source;
  readonly #sink: Sink;
  readonly #budget: Semaphore;
  readonly #believes: boolean;
  readonly #documents = new Map<Digest, { document: Document; tag?: string }>();
  readonly #blobs = new Map<Digest, Descriptor>();
  readonly #foreign = new Map<Digest, Descriptor>();
  /** Every manifest met, those that the sink has too. */
  readonly #met = new Set<Digest>();
  /** Children on their way: an index that names one too has to come after it as well. */
  readonly #coming = new Map<Digest, Promise<void>>();
  #bytes = 0;
  #bytesThere = 0;
  #passedOver = false;

  /** @param options.believes whether a sink that has a manifest is believed to have what it names; otherwise nothing is passed over */
  constructor(source: Source, sink: Sink, { budget, believes }: { readonly budget: Semaphore; readonly believes: boolean }) {
    this.#source = source;
    this.#sink = sink;
    this.#budget = budget;
    this.#believes = believes;
  }

  /** Whether something is not looked at, as a manifest that names it is there. */
  get passedOver(): boolean {
    return this.#passedOver;
  }

  get cargo(): Cargo {
    return { documents: [...this.#documents.values()], blobs: this.#blobs, bytesThere: this.#bytesThere, foreign: [...this.#foreign.values()] };
  }

  /** Digests of all manifests and indexes met so far. */
  get met(): ReadonlySet<Digest> {
    return this.#met;
  }

  /**
   * Adds a document with everything below it.
   * @throws CARGO_LIMIT, MANIFEST_UNSUPPORTED, DOCUMENT_INVALID, and what source and sink throw
   */
  async add(document: Document, options: { readonly tag?: string; readonly depth?: number; readonly signal: AbortSignal }): Promise<void> {
    const { tag, depth = 0, signal } = options;
    this.#met.add(document.digest);
    if (this.#documents.has(document.digest)) return;
    this.#count(document);
    const read = readDocument(document, this.#source.name);
    if (read.kind === "manifest") await this.#addManifest(document, [read.manifest.config, ...read.manifest.layers], signal);
    else {
      if (depth === DEEPEST) throw this.#refuse(`its index is nested more than ${DEEPEST} deep`);
      await together(read.index.manifests.map((child) => (stop: AbortSignal) => this.#addChild(child, depth + 1, stop)), signal);
    }
    this.#documents.set(document.digest, { document, ...(tag === undefined ? {} : { tag }) });
  }

  async #addChild(child: Descriptor, depth: number, signal: AbortSignal): Promise<void> {
    // The index of a build cache names layers.
    if (!isIndex(child.mediaType) && !isManifest(child.mediaType)) return this.#addBlob(child);
    const coming = this.#coming.get(child.digest) ?? this.#fetchChild(child, depth, signal);
    this.#coming.set(child.digest, coming);
    return coming;
  }

  async #fetchChild(child: Descriptor, depth: number, signal: AbortSignal): Promise<void> {
    if (this.#met.has(child.digest)) return;
    this.#met.add(child.digest);
    if (this.#met.size > MOST_DOCUMENTS) throw this.#refuse(`it has more than ${MOST_DOCUMENTS} manifests`);
    if (isManifest(child.mediaType) && (await this.#isThere(child.digest, signal))) return;
    const document = await this.#budget.run(() => this.#source.manifestGet(child, signal), signal);
    await this.add(document, { depth, signal });
  }

  async #addManifest(document: Document, blobs: readonly Descriptor[], signal: AbortSignal): Promise<void> {
    if (await this.#isThere(document.digest, signal)) {
      for (const blob of new Map(blobs.map((each) => [each.digest, each])).values()) this.#bytesThere += blob.size;
    } else for (const blob of blobs) this.#addBlob(blob);
  }

  async #isThere(digest: Digest, signal: AbortSignal): Promise<boolean> {
    const there = this.#believes && (await this.#budget.run(() => this.#sink.manifestHas(digest, signal), signal));
    this.#passedOver ||= there;
    return there;
  }

  #addBlob(blob: Descriptor): void {
    if (blob.urls?.length && /foreign|nondistributable/.test(blob.mediaType)) this.#foreign.set(blob.digest, blob);
    else this.#blobs.set(blob.digest, blob);
    if (this.#blobs.size > MOST_BLOBS) throw this.#refuse(`it has more than ${MOST_BLOBS} blobs`);
  }

  #count({ bytes }: Document): void {
    this.#bytes += bytes.length;
    if (this.#bytes > MOST_BYTES) throw this.#refuse(`its manifests have more than ${MOST_BYTES} bytes`);
    if (this.#documents.size >= MOST_DOCUMENTS) throw this.#refuse(`it has more than ${MOST_DOCUMENTS} manifests`);
  }

  #refuse(problem: string): Error {
    return fault("CARGO_LIMIT", { reference: this.#source.name, problem });
  }
}
