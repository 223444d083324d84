import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { makeNode } from "../../src/linux/mknod.ts";
import { startFaultyRegistry, type FaultyRegistry } from "../support/faulty-registry.ts";
import { startFaultProxy } from "../support/fault-proxy/fault-proxy.ts";
import { fileList } from "../support/file-list.ts";
import { descendantsOf, processesWith, stillRunning, until } from "../support/process-tree.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { noBuilds, scratchBuild, type ScratchBuild } from "../support/scratch-build.ts";
import { smallImage, type SmallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";

interface Setup extends ScratchBuild {
  readonly registry: FaultyRegistry;
  readonly name: string;
  /** Starts a command, kills it with SIGKILL when the condition holds, and waits until nothing of it runs. */
  readonly killWhen: (words: readonly string[], condition: (output: () => string, child: ChildProcess) => unknown) => Promise<void>;
}

/** An image of many small files and one larger one, so that each phase takes a moment. */
const image: SmallImage = smallImage([
  { tar: tarOf(Array.from({ length: 4000 }, (_, number) => ({ path: `usr/${number % 40}/${number}`, content: `file ${number}` }))) },
  { tar: tarOf([{ path: "large", content: randomBytes(6_000_000) }]) },
]);

async function setUp(context: TestContext): Promise<Setup> {
  const registry = await startFaultyRegistry(image);
  context.after(() => registry[Symbol.asyncDispose]());
  const scratch = await scratchBuild(context);
  const killWhen: Setup["killWhen"] = async (words, condition) => {
    let victim: ChildProcess | undefined;
    let output = "";
    const finished = scratch.sampan(words, {
      onStart: (child) => {
        victim = child;
        for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (data) => (output += String(data)));
      },
    });
    const ended = new AbortController();
    void finished.then((end) => ended.abort(new Error(`it ended with ${end.status} before it was killed: ${end.stderr}`)));
    await until(() => condition(() => output, victim!) as boolean, ended.signal);
    const family = descendantsOf(victim!.pid!);
    victim!.kill("SIGKILL");
    await finished;
    await until(() => stillRunning(family).length === 0);
  };
  return { ...scratch, registry, name: `${registry.host}/app:1`, killWhen };
}

/** Folders of snapshots that hold more files than the store had before. */
function newSnapshot(root: string, known: ReadonlySet<string>): string | undefined {
  return readdirSync(join(root, "snapshots")).find((id) => !known.has(id) && existsSync(join(root, "snapshots", id, "fs")) && readdirSync(join(root, "snapshots", id, "fs")).length > 0);
}
const snapshots = (root: string): Set<string> => new Set(readdirSync(join(root, "snapshots")));

/** The result of a build as a list of files. */
async function treeOf(setup: ScratchBuild, dockerfile: string): Promise<string[]> {
  const tree = join(setup.folder, "tree");
  rmSync(tree, { recursive: true, force: true });
  const built = await setup.build(dockerfile, ["-o", `type=local,dest=${tree}`]);
  assert.equal(built.status, 0, built.stderr);
  return fileList(tree);
}

/** Checks that the next start cleans up, and that the same build gives what it gives in a store where nothing went wrong. */
async function assertRecovered(setup: Setup, context: TestContext, dockerfile: string): Promise<void> {
  await setup.checkStore();
  const fresh = await scratchBuild(context);
  fresh.write(written);
  assert.deepEqual(await treeOf(setup, dockerfile), await treeOf(fresh, dockerfile));
  await setup.checkStore();
}

/**
 * Lets a command get stuck in the middle of an archive, by a pipe that nobody writes to in the place of one of the
 * image's layers, and kills it there.
 */
async function killWhileWriting(setup: Setup, layer: string, archive: string, words: readonly string[]): Promise<void> {
  const blob = join(setup.root, "blobs", layer.replace(":", "/"));
  const kept = join(setup.folder, "kept-blob");
  renameSync(blob, kept);
  makeNode(blob, "fifo", 0o644);
  const known = new Set(readdirSync(join(archive, "..")));
  const begun = (): string | undefined => readdirSync(join(archive, "..")).find((name) => !known.has(name) && statSync(join(archive, "..", name)).size > 0);
  await setup.killWhen(words, begun);
  assert.ok(begun(), "the archive was begun");
  renameSync(kept, blob);
}

/** The largest layer of an image in the store. */
async function largestLayer(setup: Setup, name: string): Promise<string> {
  const saved = await setup.sampan(["save", "-o", join(setup.folder, "look.tar"), name]);
  assert.equal(saved.status, 0, saved.stderr);
  const folder = join(setup.root, "blobs", "sha256");
  const sizes = readdirSync(folder).map((digest) => [statSync(join(folder, digest)).size, digest] as const);
  return `sha256:${sizes.sort(([a], [b]) => b - a)[0]![1]}`;
}

const written = Object.fromEntries(Array.from({ length: 3000 }, (_, number) => [`files/${number % 30}/${number}`, `content ${number}`]));

describe("after kill -9 no process is left, the next start cleans up, and the work gives the same result", { skip: noBuilds, concurrency: 2 }, () => {
  test("while pulling", async (context) => {
    const setup = await setUp(context);
    setup.registry.trouble(({ what, digest, method }, response) => {
      const bytes = image.blobs.get(digest);
      if (what !== "blob" || method !== "GET" || digest !== image.layers[1]) return false;
      response.writeHead(200, { "content-length": String(bytes!.length) });
      response.write(bytes!.subarray(0, 3_000_000));
      return true;
    });
    const sizes = (): number[] => globSync("tmp/*/*", { cwd: setup.root }).map((file) => statSync(join(setup.root, file), { throwIfNoEntry: false })?.size ?? 0);
    // Only what came of that layer is unfinished; whatever else has got its name had time to be noted.
    let since = Infinity;
    const stuck = (): boolean => {
      const [size = 0, ...others] = sizes();
      since = size > 500_000 && others.length === 0 ? Math.min(since, Date.now()) : Infinity;
      return Date.now() - since > 300;
    };
    await setup.killWhen(["pull", setup.name], stuck);
    assert.equal(sizes().length, 1);
    await setup.checkStore();
    assert.doesNotMatch((await setup.sampan(["images"])).stdout, /app/);
    setup.registry.trouble(undefined);
    assert.equal((await setup.sampan(["pull", setup.name])).status, 0);
    await assertRecovered(setup, context, `FROM ${setup.name}\nCOPY Dockerfile /\n`);
  });

  test("while unpacking", async (context) => {
    const setup = await setUp(context);
    assert.equal((await setup.sampan(["pull", setup.name])).status, 0);
    setup.write({ Dockerfile: `FROM ${setup.name}\nRUN true\n` });
    const known = snapshots(setup.root);
    await setup.killWhen(["build", setup.context], () => newSnapshot(setup.root, known));
    await assertRecovered(setup, context, `FROM ${setup.name}\nCOPY Dockerfile /\n`);
  });

  test("during RUN: the command and what it started in the background are gone too", async (context) => {
    const setup = await setUp(context);
    const marker = String(314_000_000 + Math.floor(Math.random() * 1_000_000));
    setup.write({ Dockerfile: `FROM base\nRUN touch /kept\nRUN touch /lost; (sleep ${marker} &) ; setsid sleep ${marker} & trap '' TERM INT HUP; echo is-running; sleep ${marker}\n` });
    await setup.killWhen(["build", "--progress", "plain", setup.context], (output) => /^#\d+ [\d.]+ is-running/m.test(output()) && processesWith(marker).length >= 3);
    await until(() => processesWith(`sleep ${marker}`).length === 0);
    await assertRecovered(setup, context, "FROM base\nRUN touch /kept\nCOPY Dockerfile /\n");
    assert.match((await setup.build("FROM base\nRUN touch /kept\n")).stderr, /RUN touch \/kept\n#\d+ CACHED/, "the finished step was kept");
  });

  test("during COPY", async (context) => {
    const setup = await setUp(context);
    setup.write({ ...written, Dockerfile: "FROM base\nRUN touch /kept\n" });
    assert.equal((await setup.sampan(["build", setup.context])).status, 0);
    setup.write({ Dockerfile: "FROM base\nRUN touch /kept\nCOPY files /files\n" });
    const known = snapshots(setup.root);
    await setup.killWhen(["build", setup.context], () => newSnapshot(setup.root, known));
    await assertRecovered(setup, context, "FROM base\nRUN touch /kept\nCOPY files /files\n");
  });

  for (const [what, words] of Object.entries({
    "save writes its archive": (archive: string) => ["save", "-o", archive, "kept:1"],
    "the archive of a build is written": (archive: string, context: string) => ["build", "-t", "kept:1", "-o", `type=oci,dest=${archive}`, context],
    "the docker archive of a build is written": (archive: string, context: string) => ["build", "-t", "kept:1", "-o", `type=docker,dest=${archive}`, context],
  })) {
    test(`while ${what}: what had its name before is still there`, async (context) => {
      const setup = await setUp(context);
      setup.write({ Dockerfile: "FROM base\nCOPY large /\n", large: randomBytes(3_000_000) });
      assert.equal((await setup.sampan(["build", "-t", "kept:1", setup.context])).status, 0);
      const layer = await largestLayer(setup, "kept:1");
      mkdirSync(join(setup.folder, "out"));
      const archive = join(setup.folder, "out", "image.tar");
      writeFileSync(archive, "what was here before");
      await killWhileWriting(setup, layer, archive, words(archive, setup.context));
      assert.equal(readFileSync(archive, "utf8"), "what was here before");
      const good = await setup.sampan(words(archive, setup.context));
      assert.equal(good.status, 0, good.stderr);
      assert.equal((await setup.sampan(["load", "-i", archive])).stdout, "Loaded image: kept:1\n");
      await setup.checkStore();
    });
  }

  test("while pushing", async (context) => {
    const setup = await setUp(context);
    setup.write({ Dockerfile: "FROM base\nCOPY Dockerfile /\n" });
    const name = `${setup.registry.host}/pushed:1`;
    assert.equal((await setup.sampan(["build", "-t", name, setup.context])).status, 0);
    let arrived = 0;
    setup.registry.trouble(({ method }) => { if (method !== "PUT") return false; arrived += 1; return true; });
    await setup.killWhen(["push", name], () => arrived > 0);
    await setup.checkStore();
    setup.registry.trouble(undefined);
    const pushed = await setup.sampan(["push", name]);
    assert.equal(pushed.status, 0, pushed.stderr);
    await setup.checkStore();
  });
});

test("after kill -9 while a cache is exported its place has a whole one, of before or the new one", { skip: noBuilds }, async (context) => {
  const setup = await setUp(context);
  const registry = await scratchRegistry(context);
  // The second build's requests get no answer, so that the kill comes in the middle: of a layer, then of the manifest.
  const stalls: string[] = [];
  let stalled: "upload" | "manifest" | undefined;
  await using proxy = await startFaultProxy({ upstream: registry.address, plan: ({ method, what }) => {
    if (stalled !== what || method === "GET" || method === "HEAD") return undefined;
    stalls.push(what);
    return { kind: "stall", at: -1 };
  } });
  const folder = join(setup.folder, "cache");
  const name = `${proxy.host}/cache:1`;
  const dockerfile = "FROM base\nCOPY word /word\nRUN cat /word > /made\nCOPY large /\n";
  const words = (place: string): string[] => ["build", "--progress", "plain", "--cache-to", `${place},mode=max`, setup.context];
  const write = (word: string): void => setup.write({ Dockerfile: dockerfile, word: `${word}\n`, large: randomBytes(3_000_000) });
  write("old");
  for (const place of [`type=local,dest=${folder}`, `type=registry,ref=${name}`]) {
    const { status, stderr } = await setup.sampan(words(place));
    assert.equal(status, 0, stderr);
  }
  const tagged = async (): Promise<unknown> => (await registry.request("GET", "/v2/cache/manifests/1", { headers: { accept: "*/*" } })).json();
  const before = await tagged();
  write("new");
  for (const what of ["upload", "manifest"] as const) {
    stalled = what;
    await setup.killWhen(words(`type=registry,ref=${name}`), () => stalls.includes(what));
    if (what === "upload") assert.deepEqual(await tagged(), before);
  }
  stalled = undefined;
  const known = readdirSync(join(folder, "blobs/sha256")).length;
  await setup.killWhen(words(`type=local,dest=${folder}`), () => readdirSync(folder).some((file) => file.startsWith(".sampan-")) || readdirSync(join(folder, "blobs/sha256")).length > known);
  await setup.checkStore();
  const hits = async (from: string): Promise<string[]> => {
    const fresh = await scratchBuild(context);
    const found: string[] = [];
    for (const word of ["old", "new"]) {
      fresh.write({ word: `${word}\n`, large: "another" });
      const { status, stderr } = await fresh.build(dockerfile, ["--cache-from", from]);
      assert.equal(status, 0, stderr);
      assert.doesNotMatch(stderr, /warning/i);
      if (/RUN cat [^\n]*\n#\d+ CACHED/.test(stderr)) found.push(word);
    }
    await fresh.checkStore();
    return found;
  };
  for (const from of [`type=registry,ref=${name}`, `type=local,src=${folder}`]) assert.equal((await hits(from)).length, 1, from);
});

/** Apart from the others, whose work in this process would keep it from looking in time. */
test("after kill -9 while packing and exporting too", { skip: noBuilds }, async (context) => {
  const setup = await setUp(context);
  const dockerfile = "FROM base\nCOPY files /files\nCOPY large /\n";
  setup.write({ ...written, Dockerfile: dockerfile, large: randomBytes(200_000_000) });
  mkdirSync(join(setup.folder, "out"));
  const archive = join(setup.folder, "out", "image.tar");
  const words = ["build", "-t", "packed:1", "-o", `type=oci,dest=${archive}`, "-o", "type=store", setup.context];
  const packing = (): boolean => readdirSync(join(setup.root, "tmp")).some((lease) => readdirSync(join(setup.root, "tmp", lease)).some((name) => name.startsWith("layer-")));
  await setup.killWhen(words, packing);
  await setup.checkStore();
  assert.ok(!existsSync(archive));
  const good = await setup.sampan(words);
  assert.equal(good.status, 0, good.stderr);
  assert.equal((await setup.sampan(["load", "-i", archive])).stdout, "Loaded image: packed:1\n");
  await setup.checkStore();
});
