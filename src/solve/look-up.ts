import type { Digest } from "../oci/digest.ts";
import { readInputs, type Vertex } from "../graph/vertex.ts";
import { keyComponents, keyOf } from "./cache-key.ts";
import { explainMiss } from "./explain.ts";
import { layerCount } from "./layer-count.ts";
import { nearestRecord } from "./nearest-record.ts";
import type { CacheRecord, CacheStore, Content, DistantCaches, DistantLayer, Result, Runner } from "./ports.ts";

/** What is known of a step before it is done: its keys, and what went into them. */
export interface StepKeys {
  /** The key that its result is saved under: by the content of what it reads, where that is known. */
  readonly key: Digest;
  readonly aliases: readonly Digest[];
  readonly components: Readonly<Record<string, string>>;
  readonly content: Content | undefined;
}

export interface Hit {
  readonly resultId: Digest;
  readonly snapshot: string | undefined;
  readonly createdAt: number;
  readonly distant?: readonly DistantLayer[];
  /** The cache elsewhere that it was found in. */
  readonly cache?: string;
}

export interface LookUp {
  readonly keys: StepKeys;
  readonly hit: Hit | undefined;
  /** What the same step of the last build left, for who runs it. */
  readonly previous: CacheRecord | undefined;
  readonly why: readonly string[];
}

export interface LookUpOptions {
  readonly cache: CacheStore;
  readonly distant?: DistantCaches | undefined;
  readonly runner: Pick<Runner, "content" | "expect">;
  /** Look for the earlier run that a step has most in common with, and ask caches elsewhere what they know of one that none of them has. */
  readonly explain?: boolean | undefined;
  /** The result of an input, with its files. */
  readonly realized: (index: number) => Promise<Result | undefined>;
  readonly signal: AbortSignal;
}

/**
 * First by the identities of the inputs, then, for what reads files, by the content of exactly those files; each time
 * here, and then in the caches elsewhere.
 */
export async function lookUp(vertex: Vertex, inputs: readonly (Result | undefined)[], options: LookUpOptions): Promise<LookUp> {
  const { cache, runner, signal } = options;
  const components = keyComponents(vertex, inputs);
  const read = readInputs(vertex);
  const from = read.length > 0 && read.every((index) => inputs[index]) ? read.map((index) => inputs[index]!.resultId).join(" ") : undefined;
  const identity = from === undefined ? undefined : keyOf({ ...components, from });
  const own = read.length > 0 ? identity : keyOf(components);
  const byIdentity = own && !vertex.ignoreCache ? await find(vertex, own, options) : undefined;
  if (byIdentity) {
    const [key, ...aliases] = new Set([...byIdentity.keys, own!]);
    const keys = {
      key: key!, aliases,
      components: byIdentity.record?.components ?? (from === undefined ? components : { ...components, from }),
      content: byIdentity.record && contentOf(byIdentity.record),
    };
    return { keys, hit: byIdentity.hit, previous: undefined, why: [found(byIdentity.hit, identity ? "same command on the same results" : "same command on the same result")] };
  }
  const content = read.length > 0 ? await runner.content(vertex, await realizedInputs(vertex, options.realized), signal) : undefined;
  if (content) components["content"] = content.digest;
  const key = content ? keyOf(components) : own!;
  const keys = { key, aliases: identity ? [identity] : [], components, content };
  const byContent = content && !vertex.ignoreCache ? await find(vertex, key, options) : undefined;
  if (byContent) {
    if (identity && byContent.hit.cache === undefined) cache.alias(key, identity);
    return { keys, hit: byContent.hit, previous: undefined, why: [found(byContent.hit, sameFiles(content!.count ?? content!.entries.length))] };
  }
  if (vertex.ignoreCache) return { keys, hit: undefined, previous: undefined, why: ["the cache is switched off for it (--no-cache)"] };
  // What it takes starts while the reasons are looked for.
  await runner.expect?.();
  const previous = cache.latest(vertex.slot);
  const files = content?.entries ?? [];
  const compared = options.explain ? nearestRecord(vertex.slot, components, files, cache.earlier(vertex.slot)) : previous;
  const elsewhere = options.explain ? await options.distant?.explain(vertex.slot, components, files) : undefined;
  const below = vertex.inputs[0]?.operation.kind === "image" ? "image" : "step";
  return { keys, hit: undefined, previous, why: [...explainMiss(components, files, compared, below), ...(elsewhere ?? [])] };
}

/** The results of the inputs that a step reads, in their places. */
export function realizedInputs(vertex: Vertex, realized: LookUpOptions["realized"]): Promise<(Result | undefined)[]> {
  const read = new Set(readInputs(vertex));
  return Promise.all(vertex.inputs.map((_, index) => (read.has(index) ? realized(index) : undefined)));
}

async function find(vertex: Vertex, key: Digest, { cache, distant }: LookUpOptions): Promise<{ hit: Hit; keys: readonly Digest[]; record?: CacheRecord } | undefined> {
  const here = cache.find(key);
  if (here) return { hit: { resultId: here.resultId, snapshot: here.snapshot ?? undefined, createdAt: here.createdAt }, keys: [here.key], record: here };
  const there = await distant?.find(key);
  // Layers that are not as many as there are steps belong to another Dockerfile, whatever the key says.
  if (!there || (there.layers && there.layers.length !== layerCount(vertex))) return undefined;
  const { resultId, createdAt, layers, cache: name, keys } = there;
  return { hit: { resultId, snapshot: undefined, createdAt, cache: name, ...(layers ? { distant: layers } : {}) }, keys };
}

/** What the files were that the step read when it ran. */
function contentOf(record: CacheRecord): Content | undefined {
  const digest = record.components["content"] as Digest | undefined;
  return digest && { digest, get entries() { return record.files ?? []; } };
}

function found({ cache }: Hit, why: string): string {
  return cache === undefined ? why : `${why}, found in ${cache}`;
}

function sameFiles(count: number): string {
  return count === 1 ? "the file that it reads is the same" : `the ${count} files that it reads are the same`;
}
