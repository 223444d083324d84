import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { Vertex } from "../graph/vertex.ts";

/** What a vertex left behind: an identity that keys of later steps build on, and where its files are. */
export interface Result {
  readonly resultId: Digest;
  /** The snapshot with its files; undefined while a base image has not been unpacked, layers have not been put together, or files are elsewhere. */
  readonly snapshot: string | undefined;
  /** Of a `merge`: what it is put together of. */
  readonly parts?: { readonly below: Result | undefined; readonly layer: Result };
  /** Milliseconds since the epoch: the end of the step that made it. */
  readonly createdAt: number;
  /** The layers upon the base image, bottom first, where they lie in a cache elsewhere and nobody has needed them here yet. */
  readonly distant?: readonly DistantLayer[];
}

/** A layer that lies in a cache elsewhere. */
export interface DistantLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Which cache that is. */
  readonly cache: string;
}

/** One file that a step read, as it went into the key; kept so that a miss can name it. */
export interface ContentRow {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly digest: Digest;
  /** `security.capability`, hexadecimal. */
  readonly capability?: string | undefined;
}

export interface Content {
  readonly digest: Digest;
  readonly entries: readonly ContentRow[];
  /** How many entries there are, where it takes time to ask for them. */
  readonly count?: number;
}

/** Where the result of a key is. */
export interface CacheHit {
  /** The key that it was saved under. */
  readonly key: Digest;
  readonly resultId: Digest;
  readonly snapshot: string | null;
  readonly createdAt: number;
}

/** What was learned of one step, kept between builds. */
export interface CacheRecord extends CacheHit {
  readonly slot: string;
  /** Every component of the key, by name, so that a miss can be explained. */
  readonly components: Readonly<Record<string, string>>;
  readonly files?: readonly ContentRow[] | undefined;
}

/** Port: where results of earlier builds are found. */
export interface CacheStore {
  find(key: Digest): CacheRecord | undefined;
  /** Keeps the record under its key and under the aliases. */
  save(record: CacheRecord & { readonly aliases: readonly Digest[] }): void;
  /** From now on `alias` finds what `key` finds. */
  alias(key: Digest, alias: Digest): void;
  /** The last record of a slot. */
  latest(slot: string): CacheRecord | undefined;
  /** Records of earlier builds to compare a miss with, the last ones first: of the slot, and of other steps of its stage. Their results may be gone. */
  earlier(slot: string): readonly CacheRecord[];
}

/** What a cache elsewhere knows of a key. */
export interface DistantHit {
  /** All keys that lead to it, the one that it was saved under first. */
  readonly keys: readonly Digest[];
  readonly resultId: Digest;
  readonly createdAt: number;
  /** Undefined where the cache knows that there was such a result, and does not keep its files. */
  readonly layers: readonly DistantLayer[] | undefined;
  /** What messages call the cache. */
  readonly cache: string;
}

/** Port: what other machines have learned. It never fails: a cache that cannot be read is one that knows nothing. */
export interface DistantCaches {
  find(key: Digest): Promise<DistantHit | undefined>;
  /** What distinguishes a step from what the caches know of it, a line or more for each cache. */
  explain(slot: string, components: Readonly<Record<string, string>>, files: readonly ContentRow[]): Promise<string[]>;
  /** The files of a result could not be brought here: it has to be made again. */
  lost(cache: string, vertex: Vertex, error: unknown): void;
}

/** Port: what does the work. */
export interface Runner {
  /** The result of an `image`: known from its config, nothing is fetched yet. */
  source(vertex: Vertex): Promise<Result>;
  /** The result of what lies elsewhere (`http`, `git`): asked for, and fetched where it is not the one of the last time. */
  fetch(vertex: Vertex, signal: AbortSignal): Promise<Result & { readonly cached: boolean; readonly why: readonly string[] }>;
  /** The content that a step reads of its inputs (readInputs in graph/vertex.ts); the result of the build context is undefined. */
  content(vertex: Vertex, inputs: readonly (Result | undefined)[], signal: AbortSignal): Promise<Content>;
  /** A step will be executed in a moment: what takes long to start may be started. Resolves when that is under way. */
  expect?(): Promise<void>;
  /** Brings the layers of a result here. @throws whatever is wrong with them */
  restore(vertex: Vertex, layers: readonly DistantLayer[], signal: AbortSignal): Promise<string>;
  /** Executes the vertex on the result of its first input. `previous` is what the same step of the last build left. */
  run(
    vertex: Vertex,
    inputs: readonly (Result | undefined)[],
    context: { readonly previous: CacheRecord | undefined; readonly signal: AbortSignal },
  ): Promise<{ snapshot: string; createdAt: number }>;
}
