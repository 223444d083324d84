import { sha256, type Digest } from "../oci/digest.ts";
import { withLocation } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Vertex } from "../graph/vertex.ts";
import { keyComponents, keyOf } from "./cache-key.ts";
import { explainMiss } from "./explain.ts";
import type { CacheHit, CacheRecord, CacheStore, Content, Result, Runner } from "./ports.ts";

export interface SolveOptions {
  readonly cache: CacheStore;
  readonly runner: Runner;
  readonly clock: () => number;
  readonly onProgress: OnProgress;
  /** Called as soon as a vertex has its result, before anything that waits for it runs. */
  readonly onResult?: (vertex: Vertex, result: Result) => void;
  readonly signal: AbortSignal;
}

/**
 * Brings a vertex to its result. Every vertex below it is looked up or run once, as soon as its inputs
 * are there, so independent stages go side by side. The first failure stops the others and is thrown, with the
 * place of its instruction.
 */
export async function solve(target: Vertex, options: SolveOptions): Promise<Map<Vertex, Result>> {
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const pending = new Map<Vertex, Promise<Result>>();
  const results = new Map<Vertex, Result>();
  const fetched = new Set<Vertex>();
  let first: { error: unknown } | undefined;

  const solveVertex = (vertex: Vertex): Promise<Result> => {
    let promise = pending.get(vertex);
    if (promise) return promise;
    promise = (async () => {
      const inputs = await Promise.all(vertex.inputs.map((input) => (input && input.operation.kind !== "local" ? solveVertex(input) : undefined)));
      signal.throwIfAborted();
      const result = await settle(vertex, inputs, { ...options, signal, fetched });
      results.set(vertex, result);
      options.onResult?.(vertex, result);
      return result;
    })();
    promise.catch((error: unknown) => {
      first ??= { error };
      failure.abort(error);
    });
    pending.set(vertex, promise);
    return promise;
  };

  await solveVertex(target).catch(() => undefined);
  await Promise.allSettled(pending.values());
  if (first) throw first.error;
  for (const [vertex, { snapshot }] of results) {
    const now = options.clock();
    if (vertex.operation.kind === "image" && snapshot === undefined && !fetched.has(vertex)) options.onProgress({ ...stepOf(vertex), started: now, completed: now, cached: true });
  }
  return results;
}

function stepOf(vertex: Vertex): { type: "step"; id: string; name: string; inputs: string[] } {
  return { type: "step", id: vertex.digest, name: vertex.name, inputs: vertex.inputs.flatMap((input) => input?.digest ?? []) };
}

/** `fetched` collects base images that a step really works on: the runner reports those while it unpacks them. */
async function settle(vertex: Vertex, inputs: readonly (Result | undefined)[], options: SolveOptions & { fetched: Set<Vertex> }): Promise<Result> {
  const { onProgress, clock } = options;
  const step = stepOf(vertex);
  const started = clock();
  try {
    if (vertex.operation.kind === "image") {
      const source = await options.runner.source(vertex);
      if (source.snapshot !== undefined) onProgress({ ...step, started, completed: clock(), cached: true });
      return source;
    }
    if (vertex.operation.kind === "merge") return mergeResult(vertex, inputs, options);
    const looked = await lookUp(vertex, inputs, options);
    if (looked.hit) {
      onProgress({ ...step, started, completed: clock(), cached: true, why: [looked.why] });
      return { resultId: looked.hit.resultId, snapshot: looked.hit.snapshot ?? undefined, createdAt: looked.hit.createdAt };
    }
    const began = clock();
    onProgress({ ...step, started: began, why: looked.why });
    vertex.inputs.forEach((input, index) => markFetched(input, inputs[index], options.fetched));
    const ran = await options.runner.run(vertex, inputs, { previous: looked.previous, signal: options.signal });
    const resultId = vertex.ignoreCache ? sha256(`${looked.key} ${ran.snapshot} ${ran.createdAt}`) : looked.key;
    options.cache.save({
      key: looked.key, aliases: looked.aliases, resultId, slot: vertex.slot, snapshot: ran.snapshot, createdAt: ran.createdAt,
      components: looked.components, files: looked.content?.entries ?? [],
    });
    onProgress({ ...step, started: began, completed: clock() });
    return { resultId, snapshot: ran.snapshot, createdAt: ran.createdAt };
  } catch (error) {
    if (!options.signal.aborted) onProgress({ ...step, started, completed: clock(), error: error instanceof Error ? error.message : String(error) });
    throw vertex.location && !options.signal.aborted ? withLocation(error, vertex.location) : error;
  }
}

/** Nothing is done yet: steps on it that are known from before need no files. */
function mergeResult(vertex: Vertex, inputs: readonly (Result | undefined)[], { cache }: SolveOptions): Result {
  const resultId = keyOf(keyComponents(vertex, inputs));
  const [below, layer] = [inputs[0], inputs[1]!];
  return { resultId, snapshot: cache.find(resultId)?.snapshot ?? undefined, createdAt: layer.createdAt, parts: { below, layer } };
}

function markFetched(input: Vertex | undefined, result: Result | undefined, fetched: Set<Vertex>): void {
  if (!input || !result || result.snapshot !== undefined) return;
  if (input.operation.kind === "image") fetched.add(input);
  else markFetched(input.inputs[0], result.parts?.below, fetched);
}

type LookUp =
  | { readonly hit: CacheHit; readonly why: string }
  | { readonly hit?: undefined; readonly key: Digest; readonly aliases: readonly Digest[]; readonly components: Record<string, string>; readonly content: Content | undefined; readonly previous: CacheRecord | undefined; readonly why: string[] };

/** First by the identities of the inputs, then, for what reads files, by the content of exactly those files. */
async function lookUp(vertex: Vertex, inputs: readonly (Result | undefined)[], { cache, runner, signal }: SolveOptions): Promise<LookUp> {
  const components = keyComponents(vertex, inputs);
  const tree = vertex.operation.kind === "copy" ? vertex.inputs[1] : undefined;
  const identity = tree && inputs[1] ? keyOf({ ...components, from: inputs[1].resultId }) : undefined;
  const own = tree ? identity : keyOf(components);
  const byIdentity = own && !vertex.ignoreCache ? cache.find(own) : undefined;
  if (byIdentity) return { hit: byIdentity, why: identity ? "same command on the same results" : "same command on the same result" };
  const content = tree ? await runner.content(vertex, inputs[1], signal) : undefined;
  if (content) components["content"] = content.digest;
  const key = content ? keyOf(components) : own!;
  const byContent = content && !vertex.ignoreCache ? cache.find(key) : undefined;
  if (byContent) {
    if (identity) cache.alias(key, identity);
    return { hit: byContent, why: sameFiles(content!.entries.length) };
  }
  const previous = vertex.ignoreCache ? undefined : cache.latest(vertex.slot);
  const why = vertex.ignoreCache ? ["the cache is switched off for it (--no-cache)"] : explainMiss(components, content?.entries ?? [], previous);
  return { key, aliases: identity ? [identity] : [], components, content, previous, why };
}

function sameFiles(count: number): string {
  return count === 1 ? "the file that it reads is the same" : `the ${count} files that it reads are the same`;
}
