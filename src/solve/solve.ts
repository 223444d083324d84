import { sha256 } from "../oci/digest.ts";
import { withLocation } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { readInputs, type Vertex } from "../graph/vertex.ts";
import { keyComponents, keyOf } from "./cache-key.ts";
import { lookUp, realizedInputs, type LookUp, type StepKeys } from "./look-up.ts";
import type { CacheStore, DistantCaches, Result, Runner } from "./ports.ts";

export interface SolveOptions {
  readonly cache: CacheStore;
  /** What is asked for what is not here. */
  readonly distant?: DistantCaches;
  readonly runner: Runner;
  readonly clock: () => number;
  readonly onProgress: OnProgress;
  /** Called as soon as a vertex has its result, before anything that waits for it runs; again when its files come here later. */
  readonly onResult?: (vertex: Vertex, result: Result) => void;
  /** Look for reasons in caches elsewhere too. */
  readonly explain?: boolean;
  readonly signal: AbortSignal;
}

export interface SolveTarget {
  readonly vertex: Vertex;
  /** Whether its own files have to be here in the end, or only whether they are known to be somewhere. */
  readonly needsFiles: boolean;
}

export interface Solved {
  readonly results: ReadonlyMap<Vertex, Result>;
  /** The keys of all steps. */
  readonly keys: ReadonlyMap<Vertex, StepKeys>;
  /** The result with its files here, brought from elsewhere or made again. */
  readonly realize: (vertex: Vertex) => Promise<Result>;
}

/**
 * Brings a vertex to its result. Every vertex below it is looked up or run once, as soon as its inputs
 * are there, so independent stages go side by side. What a cache elsewhere knows is only noted: its files come when a step
 * that has to run, or who asked, needs them, and where they cannot be had the step is run after all. The first
 * failure stops the others and is thrown, with the place of its instruction.
 */
export function solve(target: Vertex, options: SolveOptions & { readonly needsFiles?: boolean }): Promise<Solved> {
  return solveAll([{ vertex: target, needsFiles: options.needsFiles === true }], options);
}

/** The same for several, which share what they have in common. */
export async function solveAll(targets: readonly SolveTarget[], options: SolveOptions): Promise<Solved> {
  const failure = new AbortController();
  const solver = new Solver({ ...options, signal: AbortSignal.any([options.signal, failure.signal]) }, (error) => failure.abort(error));
  await Promise.all(targets.map(async ({ vertex, needsFiles }) => {
    await solver.settle(vertex);
    if (!solver.first && !solver.isKnown(vertex, needsFiles)) await solver.realize(vertex).catch(() => undefined);
  }));
  await solver.settled();
  if (solver.first) throw solver.first.error;
  solver.reportUntouched();
  return { results: solver.results, keys: solver.keys, realize: (vertex) => solver.realize(vertex) };
}

class Solver {
  readonly results = new Map<Vertex, Result>();
  readonly keys = new Map<Vertex, StepKeys>();
  first: { error: unknown } | undefined;
  readonly #options: SolveOptions;
  readonly #onFailure: (error: unknown) => void;
  readonly #pending = new Map<Vertex, Promise<Result>>();
  readonly #realizing = new Map<Vertex, Promise<Result>>();
  /** Base images that a step really works on: the runner reports those while it unpacks them. */
  readonly #fetched = new Set<Vertex>();
  /** Steps that are known by name only, and said to be cached when it is clear that nobody needs their files. */
  readonly #unsaid = new Map<Vertex, readonly string[]>();

  constructor(options: SolveOptions, onFailure: (error: unknown) => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** The result of a vertex; the outcome is in {@link first} and {@link results} as well. */
  settle(vertex: Vertex): Promise<Result | undefined> {
    return this.#begin(vertex).catch(() => undefined);
  }

  /** Whether the files of a result are here, or somewhere at least. */
  isKnown(vertex: Vertex, here: boolean): boolean {
    const { snapshot, distant } = this.results.get(vertex)!;
    if (snapshot !== undefined || vertex.operation.kind === "image") return true;
    if (vertex.operation.kind === "merge") return vertex.inputs.every((input) => !input || this.isKnown(input, here));
    return distant !== undefined && !here;
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#pending.values(), ...this.#realizing.values()]);
  }

  realize(vertex: Vertex): Promise<Result> {
    let promise = this.#realizing.get(vertex);
    if (!promise) this.#realizing.set(vertex, (promise = this.#watched(this.#bringHere(vertex))));
    return promise;
  }

  reportUntouched(): void {
    const now = this.#options.clock();
    for (const [vertex, { snapshot }] of this.results) {
      const why = this.#unsaid.get(vertex);
      const untouched = vertex.operation.kind === "image" ? snapshot === undefined && !this.#fetched.has(vertex) : why !== undefined;
      if (untouched) this.#options.onProgress({ ...stepOf(vertex), started: now, completed: now, cached: true, ...(why ? { why } : {}) });
    }
    this.#unsaid.clear();
  }

  #begin(vertex: Vertex): Promise<Result> {
    let promise = this.#pending.get(vertex);
    if (promise) return promise;
    promise = (async () => {
      const inputs = await Promise.all(vertex.inputs.map((input) => (input && input.operation.kind !== "local" ? this.#begin(input) : undefined)));
      this.#options.signal.throwIfAborted();
      const result = await this.#step(vertex, inputs);
      this.#keep(vertex, result);
      return result;
    })();
    this.#pending.set(vertex, this.#watched(promise));
    return promise;
  }

  #watched(promise: Promise<Result>): Promise<Result> {
    promise.catch((error: unknown) => {
      this.first ??= { error };
      this.#onFailure(error);
    });
    return promise;
  }

  #keep(vertex: Vertex, result: Result): void {
    this.results.set(vertex, result);
    this.#options.onResult?.(vertex, result);
  }

  async #step(vertex: Vertex, inputs: readonly (Result | undefined)[]): Promise<Result> {
    const { onProgress, clock, runner } = this.#options;
    const step = stepOf(vertex);
    const started = clock();
    return this.#reported(vertex, started, async () => {
      if (vertex.operation.kind === "image") {
        const source = await runner.source(vertex);
        if (source.snapshot !== undefined) onProgress({ ...step, started, completed: clock(), cached: true });
        return source;
      }
      if (vertex.operation.kind === "http" || vertex.operation.kind === "git") {
        onProgress({ ...step, started });
        const { cached, why, ...result } = await runner.fetch(vertex, this.#options.signal);
        onProgress({ ...step, started, completed: clock(), why, ...(cached ? { cached } : {}) });
        return result;
      }
      if (vertex.operation.kind === "merge") return mergeResult(vertex, inputs, this.#options);
      const looked = await lookUp(vertex, inputs, { ...this.#options, realized: (index) => this.#realizedInput(vertex, index) });
      const { hit, keys, why } = looked;
      this.keys.set(vertex, keys);
      if (!hit) return this.#run(vertex, looked);
      if (hit.snapshot === undefined && !hit.distant) this.#unsaid.set(vertex, why);
      else onProgress({ ...step, started, completed: clock(), cached: true, why });
      return { resultId: hit.resultId, snapshot: hit.snapshot, createdAt: hit.createdAt, ...(hit.distant ? { distant: hit.distant } : {}) };
    });
  }

  async #run(vertex: Vertex, { keys, previous, why }: Pick<LookUp, "keys" | "previous" | "why">, known?: Result): Promise<Result> {
    const { onProgress, clock, runner, cache, signal } = this.#options;
    const step = stepOf(vertex);
    const inputs = await Promise.all(vertex.inputs.map((_, index) => this.#realizedInput(vertex, index)));
    const began = clock();
    onProgress({ ...step, started: began, why });
    const ran = await runner.run(vertex, inputs, { previous, signal });
    const resultId = known?.resultId ?? (vertex.ignoreCache ? sha256(`${keys.key} ${ran.snapshot} ${ran.createdAt}`) : keys.key);
    cache.save({ ...keys, ...ran, resultId, slot: vertex.slot, files: keys.content?.entries ?? [] });
    onProgress({ ...step, started: began, completed: clock() });
    return { resultId, snapshot: ran.snapshot, createdAt: ran.createdAt };
  }

  /** The result of an input as the runner wants it: images are unpacked by it, when it needs them. */
  #realizedInput(vertex: Vertex, index: number): Promise<Result | undefined> {
    const input = vertex.inputs[index];
    if (!input || input.operation.kind === "local") return Promise.resolve(undefined);
    const result = this.results.get(input)!;
    if (input.operation.kind === "image") {
      if (result.snapshot === undefined) this.#fetched.add(input);
      return Promise.resolve(result);
    }
    return result.snapshot === undefined ? this.realize(input) : Promise.resolve(result);
  }

  async #bringHere(vertex: Vertex): Promise<Result> {
    const known = this.results.get(vertex)!;
    if (known.snapshot !== undefined) return known;
    // Its layers are put together by the runner.
    if (vertex.operation.kind === "merge") {
      const [below, layer] = await Promise.all([this.#realizedInput(vertex, 0), this.#realizedInput(vertex, 1)]);
      const result = { ...known, parts: { below, layer: layer! } };
      this.#keep(vertex, result);
      return result;
    }
    const restored = known.distant ? await this.#restore(vertex, known) : undefined;
    const result = restored ?? (await this.#runAfterAll(vertex, known));
    this.#keep(vertex, result);
    return result;
  }

  async #restore(vertex: Vertex, known: Result): Promise<Result | undefined> {
    const { runner, cache, distant, signal } = this.#options;
    try {
      const snapshot = await runner.restore(vertex, known.distant!, signal);
      const keys = this.keys.get(vertex)!;
      cache.save({ ...keys, snapshot, resultId: known.resultId, createdAt: known.createdAt, slot: vertex.slot, files: keys.content?.entries ?? [] });
      return { resultId: known.resultId, snapshot, createdAt: known.createdAt };
    } catch (error) {
      signal.throwIfAborted();
      distant!.lost(known.distant!.at(-1)!.cache, vertex, error);
      return undefined;
    }
  }

  /** Its identity stays: what was found upon it has layers of its own, and is what it is. */
  async #runAfterAll(vertex: Vertex, known: Result): Promise<Result> {
    const said = !this.#unsaid.delete(vertex);
    const again: Vertex = said ? Object.freeze({ ...vertex, digest: sha256(`${vertex.digest} again`) }) : vertex;
    return this.#reported(again, this.#options.clock(), async () => {
      let keys = this.keys.get(vertex)!;
      if (readInputs(vertex).length > 0 && (!keys.content || said)) {
        const inputs = await realizedInputs(vertex, (index) => this.#realizedInput(vertex, index));
        const content = await this.#options.runner.content(again, inputs, this.#options.signal);
        const components = Object.fromEntries(Object.entries({ ...keys.components, content: content.digest }).filter(([name]) => name !== "from"));
        keys = { key: keyOf(components), aliases: [...keys.aliases, keys.key].filter((key) => key !== keyOf(components)), components, content };
        this.keys.set(vertex, keys);
      }
      const previous = this.#options.cache.latest(vertex.slot);
      return this.#run(again, { keys, previous, why: [known.distant ? "the files of its cached result cannot be had" : "the files of its cached result were not kept, and are needed"] }, known);
    });
  }

  async #reported(vertex: Vertex, started: number, work: () => Promise<Result>): Promise<Result> {
    const { signal, onProgress, clock } = this.#options;
    try {
      return await work();
    } catch (error) {
      if (!signal.aborted) onProgress({ ...stepOf(vertex), started, completed: clock(), error: error instanceof Error ? error.message : String(error) });
      throw vertex.location && !signal.aborted ? withLocation(error, vertex.location) : error;
    }
  }
}

/** Nothing is done yet: steps on it that are known from before need no files. */
function mergeResult(vertex: Vertex, inputs: readonly (Result | undefined)[], { cache }: SolveOptions): Result {
  const resultId = keyOf(keyComponents(vertex, inputs));
  const [below, layer] = [inputs[0], inputs[1]!];
  return { resultId, snapshot: cache.find(resultId)?.snapshot ?? undefined, createdAt: layer.createdAt, parts: { below, layer } };
}

function stepOf(vertex: Vertex): { type: "step"; id: string; name: string; inputs: string[] } {
  return { type: "step", id: vertex.digest, name: vertex.name, inputs: vertex.inputs.flatMap((input) => input?.digest ?? []) };
}
