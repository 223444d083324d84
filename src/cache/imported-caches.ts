import type { Source } from "../carry/place.ts";
import type { Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import type { Vertex } from "../graph/vertex.ts";
import { explainDistantMiss, type StepReasons } from "../solve/digest-components.ts";
import type { ContentRow, DistantCaches, DistantHit } from "../solve/ports.ts";
import { isFault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { layersUpTo, type CachedResult } from "./cache-document.ts";
import { readCache, readSmallBlob, type ReadCache } from "./read-cache.ts";
import { portableSlot, readReasons, REASONS_LIMIT } from "./reasons.ts";

/** A cache that was asked for, before anybody has looked whether it is there. */
export interface CachePlace {
  /** What messages call it: `registry.example.com/team/app:cache`. */
  readonly name: string;
  readonly open: () => Promise<Source>;
}

export interface ImportOptions {
  readonly platform: Platform;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

interface Imported {
  readonly place: CachePlace;
  readonly source: Source;
  readonly cache: ReadCache;
  readonly byKey: ReadonlyMap<Digest, CachedResult>;
  reasons: Promise<ReadonlyMap<string, StepReasons> | undefined> | undefined;
  losses: number;
}

/** Milliseconds that a build waits for a cache before it goes on without it. */
const PATIENCE = 90_000;
/** A cache that broke its word so often is not asked any more. */
const MOST_LOSSES = 3;

/**
 * The caches of --cache-from. They are read side by side from the start, and waited for when the first step is looked up
 * that is not known here. One that cannot be read gives a warning, and knows nothing.
 */
export class ImportedCaches implements DistantCaches, AsyncDisposable {
  readonly #options: ImportOptions;
  readonly #caches: Promise<readonly Imported[]>;

  constructor(places: readonly CachePlace[], options: ImportOptions) {
    this.#options = options;
    this.#caches = Promise.all(places.map((place) => this.#read(place))).then((read) => read.filter((each) => each !== undefined));
  }

  async find(key: Digest): Promise<DistantHit | undefined> {
    for (const { place, cache, byKey, losses } of await this.#caches) {
      const record = losses < MOST_LOSSES ? byKey.get(key) : undefined;
      if (!record) continue;
      const layers = layersUpTo(cache.layers, record.layer)?.map(({ diffId, blob }) => ({ diffId, blob, cache: place.name }));
      return { keys: record.keys, resultId: record.resultId, createdAt: record.createdAt, layers, cache: place.name };
    }
    return undefined;
  }

  async explain(slot: string, components: Readonly<Record<string, string>>, files: readonly ContentRow[]): Promise<string[]> {
    const lines: string[] = [];
    for (const each of await this.#caches) {
      const reasons = await (each.reasons ??= this.#reasons(each));
      const why = reasons ? explainDistantMiss(components, files, reasons.get(portableSlot(slot))) : ["it does not tell what its keys were made of"];
      lines.push(...why.map((line) => `not in ${each.place.name}: ${line}`));
    }
    return lines;
  }

  lost(cache: string, vertex: Vertex, error: unknown): void {
    void this.#caches.then((caches) => caches.forEach((each) => { if (each.place.name === cache) each.losses += 1; }));
    this.#options.onProgress({ type: "warning", id: vertex.digest, message: `${vertex.name} cannot be had from the cache ${cache}: ${messageOf(error)}` });
  }

  /** The cache of that name, for its blobs. */
  async source(name: string): Promise<Source | undefined> {
    return (await this.#caches).find(({ place }) => place.name === name)?.source;
  }

  /** What was read, to see whether an export would change anything. */
  async read(): Promise<readonly { readonly name: string; readonly cache: ReadCache }[]> {
    return (await this.#caches).map(({ place, cache }) => ({ name: place.name, cache }));
  }

  /** What the caches tell of keys; the first that knows a step tells of it. */
  async reasons(): Promise<ReadonlyMap<string, StepReasons>> {
    const told = await Promise.all((await this.#caches).map((each) => (each.reasons ??= this.#reasons(each))));
    return new Map(told.reverse().flatMap((reasons) => [...(reasons ?? [])]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { source } of await this.#caches) await source[Symbol.asyncDispose]();
  }

  async #read(place: CachePlace): Promise<Imported | undefined> {
    const { onProgress, platform, signal } = this.#options;
    const name = `importing cache manifest from ${place.name}`;
    const step = { type: "step", id: name, name, started: Date.now() } as const;
    onProgress(step);
    let source: Source | undefined;
    try {
      source = await place.open();
      const cache = await readCache(source, platform, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]));
      const byKey = new Map<Digest, CachedResult>();
      // What stands first for a key stays, whatever comes behind it.
      for (const record of cache.records) for (const key of record.keys) if (!byKey.has(key)) byKey.set(key, record);
      return { place, source, cache, byKey, reasons: undefined, losses: 0 };
    } catch (error) {
      if (source) await source[Symbol.asyncDispose]();
      if (!signal.aborted) onProgress({ type: "warning", id: name, message: `the cache ${place.name} is not used: ${messageOf(error)}`, ...hintOf(error) });
      return undefined;
    } finally {
      onProgress({ ...step, completed: Date.now() });
    }
  }

  async #reasons({ cache, source, place }: Imported): Promise<ReadonlyMap<string, StepReasons> | undefined> {
    if (!cache.reasons) return undefined;
    try {
      return readReasons(await readSmallBlob(source, cache.reasons, REASONS_LIMIT, this.#options.signal), `the reasons of ${place.name}`);
    } catch {
      this.#options.signal.throwIfAborted();
      return undefined;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hintOf(error: unknown): { hint?: string } {
  return isFault(error, "CACHE_FOREIGN") ? { hint: error.hint ?? "" } : {};
}
