import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VertexPool, type CopyOperation, type RunOperation, type Vertex } from "../graph/vertex.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import type { ProgressEvent } from "../std/progress.ts";
import type { CacheRecord, CacheStore, Content, DistantCaches, DistantHit, DistantLayer, Result, Runner } from "./ports.ts";
import { solve } from "./solve.ts";

const platform = { os: "linux", architecture: "amd64" };

/** Vertices of a made-up build; the slot of each is its name. */
class Graph {
  readonly pool = new VertexPool();
  readonly ignored = new Set<string>();

  #about(name: string): { name: string; slot: string; ignoreCache: boolean } {
    return { name, slot: name, ignoreCache: this.ignored.has(name) };
  }

  run(name: string, base?: Vertex, env: readonly string[] = []): Vertex {
    const operation: RunOperation = {
      kind: "run", args: ["/bin/sh", "-c", name], env, proxyEnv: [], cwd: "/", user: "", hostname: "h", network: "default", extraHosts: [], documents: [], platform,
    };
    return this.pool.add(operation, [base], this.#about(name));
  }

  copy(name: string, tree: Vertex, base?: Vertex): Vertex {
    const operation: CopyOperation = { kind: "copy", command: "COPY", sources: ["/out"], inline: [], destination: `/${name}`, platform };
    return this.pool.add(operation, [base, tree], this.#about(name));
  }

  context(): Vertex {
    return this.pool.add({ kind: "local", name: "context", scope: "test" }, [], this.#about("context"));
  }
}

/** Records in memory, and a runner that notes what it ran. */
class World {
  readonly records = new Map<Digest, CacheRecord>();
  readonly ran: string[] = [];
  readonly events: ProgressEvent[] = [];
  contents: Record<string, string> = {};
  /** What another machine knows by key, and which of it cannot be had. */
  readonly elsewhere = new Map<Digest, DistantHit>();
  readonly lost = new Set<string>();
  readonly restored: string[] = [];
  readonly warnings: string[] = [];
  needsFiles = false;
  run: (vertex: Vertex, signal: AbortSignal) => Promise<void> = async () => undefined;
  #snapshots = 0;

  readonly cache: CacheStore = {
    find: (key) => this.records.get(key),
    save: ({ aliases, ...record }) => {
      for (const key of [record.key, ...aliases]) this.records.set(key, record);
    },
    alias: (key, alias) => void this.records.set(alias, this.records.get(key)!),
    latest: (slot) => [...this.records.values()].findLast((record) => record.slot === slot),
    earlier: () => [...this.records.values()].reverse(),
  };

  readonly runner: Runner = {
    restore: async (vertex, layers) => {
      if (this.lost.has(vertex.name)) throw new Error("it is gone");
      this.restored.push(`${vertex.name} ${layers.length}`);
      return `restored ${vertex.name}`;
    },
    fetch: () => assert.fail("nothing is fetched here"),
    source: async () => ({ resultId: sha256("base"), snapshot: "base", createdAt: 0 }),
    content: async (vertex): Promise<Content> => ({
      digest: sha256(this.contents[vertex.name] ?? "same"),
      entries: [{ path: "out", type: "file", mode: 0o644, uid: 0, gid: 0, digest: sha256(this.contents[vertex.name] ?? "same") }],
    }),
    run: async (vertex, _inputs, { signal }) => {
      this.ran.push(vertex.name);
      await this.run(vertex, signal);
      this.#snapshots += 1;
      return { snapshot: `s${this.#snapshots}`, createdAt: this.#snapshots };
    },
  };

  readonly distant: DistantCaches = {
    find: async (key) => this.elsewhere.get(key),
    explain: async (slot) => [`not elsewhere: ${slot}`],
    lost: (cache, vertex, error) => void this.warnings.push(`${cache} ${vertex.name}: ${(error as Error).message}`),
  };

  /** Another machine that knows what this one has done; `kept` says whose files it keeps. */
  learn(other: World, kept: (slot: string) => DistantLayer[] | undefined): void {
    for (const [key, { key: own, slot, resultId, createdAt }] of other.records) this.elsewhere.set(key, { keys: [own, key], resultId, createdAt, layers: kept(slot), cache: "there" });
  }

  async solve(target: Vertex, signal = new AbortController().signal): Promise<Map<Vertex, Result>> {
    this.ran.length = 0;
    this.events.length = 0;
    this.restored.length = 0;
    const solved = await solve(target, {
      ...(this.elsewhere.size > 0 ? { distant: this.distant } : {}), needsFiles: this.needsFiles, explain: true, cache: this.cache, runner: this.runner, clock: () => 0, onProgress: (event) => void this.events.push(event), signal });
    return new Map(solved.results);
  }

  why(name: string): readonly string[] {
    return this.events.flatMap((event) => (event.type === "step" && event.name === name ? (event.why ?? []) : []));
  }
}

describe("solve", () => {
  test("runs what has no result, and nothing the second time", async () => {
    const [world, graph] = [new World(), new Graph()];
    const target = graph.run("b", graph.run("a"));
    const first = await world.solve(target);
    assert.deepEqual(world.ran, ["a", "b"]);
    const second = await world.solve(target);
    assert.deepEqual(world.ran, []);
    assert.equal(second.get(target)!.snapshot, first.get(target)!.snapshot);
  });

  test("runs a vertex once, however many need it", async () => {
    const [world, graph] = [new World(), new Graph()];
    const shared = graph.run("shared");
    await world.solve(graph.copy("join", graph.run("left", shared), graph.run("right", shared)));
    assert.equal(world.ran.filter((name) => name === "shared").length, 1);
  });

  test("runs independent vertices side by side", async () => {
    const [world, graph] = [new World(), new Graph()];
    const met = Promise.withResolvers<void>();
    let waiting = 0;
    // Each waits for the other: one after the other they would never end.
    world.run = async ({ name }) => {
      if (name !== "left" && name !== "right") return;
      if (++waiting === 2) met.resolve();
      await met.promise;
    };
    await world.solve(graph.copy("join", graph.run("left"), graph.run("right")));
    assert.deepEqual(world.ran.toSorted(), ["join", "left", "right"]);
  });

  test("hands the old identity on when a source ran again and made the same files", async () => {
    const [world, graph] = [new World(), new Graph()];
    await world.solve(graph.run("after", graph.copy("copy", graph.run("build"))));
    const changed = new Graph();
    const target = changed.run("after", changed.copy("copy", changed.run("build", undefined, ["VERSION=2"])));
    await world.solve(target);
    assert.deepEqual(world.ran, ["build"]);
    assert.match(world.why("copy").join(), /files that it reads|file that it reads/);
    await world.solve(target);
    assert.deepEqual(world.ran, [], "the hit by content was not remembered");
  });

  test("runs again what reads changed files, and what is built upon it", async () => {
    const [world, graph] = [new World(), new Graph()];
    const target = graph.run("after", graph.copy("copy", graph.context()));
    await world.solve(target);
    world.contents["copy"] = "other";
    await world.solve(target);
    assert.deepEqual(world.ran, ["copy", "after"]);
    assert.deepEqual(world.why("copy").at(-1), "out: content changed");
    delete world.contents["copy"];
    await world.solve(target);
    assert.deepEqual(world.ran, [], "the first result is known still");
  });

  test("gives what ignores the cache a new identity, so that nothing built upon it meets an old result", async () => {
    const [world, graph] = [new World(), new Graph()];
    const build = (fresh: Graph): Vertex => fresh.run("b", fresh.run("a"));
    await world.solve(build(graph));
    const fresh = new Graph();
    fresh.ignored.add("a");
    await world.solve(build(fresh));
    assert.deepEqual(world.ran, ["a", "b"]);
    await world.solve(build(new Graph()));
    assert.deepEqual(world.ran, [], "what ran without the cache is stored");
  });

  test("names the variable that changed", async () => {
    const world = new World();
    await world.solve(new Graph().run("a", undefined, ["A=1"]));
    await world.solve(new Graph().run("a", undefined, ["A=2"]));
    assert.deepEqual(world.why("a").filter((line) => line.startsWith("environment")).slice(0, 1), ['environment A: "1" → "2"']);
  });

  test("stops the others at the first failure, waits for them, and throws that failure", async () => {
    const [world, graph] = [new World(), new Graph()];
    let stopped = false;
    world.run = async ({ name }, signal) => {
      if (name === "bad") throw new Error("bad failed");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      stopped = true;
      throw signal.reason as Error;
    };
    await assert.rejects(world.solve(graph.copy("join", graph.run("bad"), graph.run("slow"))), { message: "bad failed" });
    assert.ok(stopped);
    assert.ok(!world.ran.includes("join"));
    assert.equal(world.records.size, 0);
  });

  test("keeps what was finished before an interruption", async () => {
    const [world, graph] = [new World(), new Graph()];
    const interruption = new AbortController();
    world.run = async ({ name }) => {
      if (name === "b") interruption.abort(new Error("interrupted"));
      interruption.signal.throwIfAborted();
    };
    const target = graph.run("b", graph.run("a"));
    await assert.rejects(world.solve(target, interruption.signal), { message: "interrupted" });
    world.run = async () => undefined;
    await world.solve(target);
    assert.deepEqual(world.ran, ["b"]);
  });

  const layers = (count: number): DistantLayer[] =>
    Array.from({ length: count }, (_, index) => ({ diffId: sha256(`layer ${index}`), blob: { mediaType: "x", digest: sha256(`blob ${index}`), size: 1 }, cache: "there" }));

  test("what is known elsewhere is neither run nor fetched, as long as nobody needs its files", async () => {
    const [first, second] = [new World(), new World()];
    const build = (graph: Graph): Vertex => graph.copy("copy", graph.run("compile"), graph.run("b", graph.run("a")));
    await first.solve(build(new Graph()));
    second.learn(first, (slot) => ({ a: layers(1), b: layers(2), copy: layers(3), compile: layers(1) })[slot]);
    const target = build(new Graph());
    const results = await second.solve(target);
    assert.deepEqual([second.ran, second.restored], [[], []]);
    assert.equal(results.get(target)!.distant?.length, 3);
    second.needsFiles = true;
    await second.solve(build(new Graph()));
    assert.deepEqual([second.ran, second.restored], [[], ["copy 3"]]);
    assert.equal((await second.solve(build(new Graph()))).get(target), undefined);
    assert.deepEqual(second.restored, [], "what came here is known here");
  });

  test("a step that runs fetches what it builds upon, and makes what nobody keeps", async () => {
    const [first, second] = [new World(), new World()];
    const build = (graph: Graph, last: string): Vertex => graph.run(last, graph.copy("copy", graph.run("compile"), graph.run("a")));
    await first.solve(build(new Graph(), "old"));
    second.learn(first, (slot) => ({ a: layers(1), copy: undefined, compile: undefined })[slot]);
    await second.solve(build(new Graph(), "new"));
    assert.deepEqual([second.restored, second.ran], [["a 1"], ["compile", "copy", "new"]]);
    assert.ok(second.why("new").includes("not elsewhere: new"));
  });

  test("a stack of another height than the Dockerfile's is no result", async () => {
    const [first, second] = [new World(), new World()];
    const build = (graph: Graph): Vertex => graph.run("b", graph.run("a"));
    await first.solve(build(new Graph()));
    second.learn(first, (slot) => (slot === "b" ? layers(1) : layers(1)));
    await second.solve(build(new Graph()));
    assert.deepEqual(second.ran, ["b"]);
  });

  test("what was promised and cannot be had is made after all, and what was found upon it stays", async () => {
    const [first, second] = [new World(), new World()];
    const build = (graph: Graph): Vertex => graph.copy("join", graph.run("x", graph.run("a")), graph.run("new", graph.run("a")));
    await first.solve(build(new Graph()));
    second.learn(first, (slot) => ({ a: layers(1), x: layers(2) })[slot]);
    for (const [key, hit] of second.elsewhere) if (hit.layers === undefined) second.elsewhere.delete(key);
    second.lost.add("a");
    await second.solve(build(new Graph()));
    assert.deepEqual(second.ran, ["a", "new", "join"]);
    assert.deepEqual(second.restored, ["x 2"]);
    assert.deepEqual(second.warnings, ["there a: it is gone"]);
    await second.solve(build(new Graph()));
    assert.deepEqual(second.ran, [], "it is known under the same identity");
  });
});
