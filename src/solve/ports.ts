import type { Digest } from "../oci/digest.ts";
import type { Vertex } from "../graph/vertex.ts";

/** What a vertex left behind: an identity that keys of later steps build on, and where its files are. */
export interface Result {
  readonly resultId: Digest;
  /** The snapshot with its files; undefined while a base image has not been unpacked, or layers have not been put together. */
  readonly snapshot: string | undefined;
  /** Of a `merge`: what it is put together of. */
  readonly parts?: { readonly below: Result | undefined; readonly layer: Result };
  /** Milliseconds since the epoch: the end of the step that made it. */
  readonly createdAt: number;
}

/** One file that a step read, as it went into the key; kept so that a miss can name it. */
export interface ContentRow {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly digest: Digest;
}

export interface Content {
  readonly digest: Digest;
  readonly entries: readonly ContentRow[];
}

/** Where the result of a key is. */
export interface CacheHit {
  readonly resultId: Digest;
  readonly snapshot: string | null;
  readonly createdAt: number;
}

/** What was learned of one step, kept between builds. */
export interface CacheRecord extends CacheHit {
  readonly key: Digest;
  readonly slot: string;
  /** Every component of the key, by name, so that a miss can be explained. */
  readonly components: Readonly<Record<string, string>>;
  readonly files?: readonly ContentRow[] | undefined;
}

/** Port: where results of earlier builds are found. */
export interface CacheStore {
  find(key: Digest): CacheHit | undefined;
  /** Keeps the record under its key and under the aliases. */
  save(record: CacheRecord & { readonly aliases: readonly Digest[] }): void;
  /** From now on `alias` finds what `key` finds. */
  alias(key: Digest, alias: Digest): void;
  /** The last record of a slot, to compare a miss with. */
  latest(slot: string): CacheRecord | undefined;
}

/** Port: what does the work. */
export interface Runner {
  /** The result of a source (`image`): known from its config, nothing is fetched yet. */
  source(vertex: Vertex): Promise<Result>;
  /** The content that a `copy` reads from its tree. `tree` is undefined for the build context. */
  content(vertex: Vertex, tree: Result | undefined, signal: AbortSignal): Promise<Content>;
  /** Executes the vertex on the result of its first input. `previous` is what the same step of the last build left. */
  run(
    vertex: Vertex,
    inputs: readonly (Result | undefined)[],
    context: { readonly previous: CacheRecord | undefined; readonly signal: AbortSignal },
  ): Promise<{ snapshot: string; createdAt: number }>;
}
