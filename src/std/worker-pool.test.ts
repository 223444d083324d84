import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { inWorker } from "./worker-pool.ts";

/** A folder of so many files of so many bytes, within one that goes with the test. */
function filesToPack(context: TestContext, count: number, size: number): { folder: string; source: string } {
  const folder = mkdtempSync(join(tmpdir(), "sampan-worker-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = join(folder, "source");
  mkdirSync(source);
  for (let index = 0; index < count; index += 1) writeFileSync(join(source, `file-${index}`), Buffer.alloc(size, index));
  return { folder, source };
}

const threads = (): number => readdirSync("/proc/self/task").length;

test("a worker that has nothing to do for a while ends, and the next job gets a new one", { skip: process.platform !== "linux" && "threads are counted in /proc" }, async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const check = (password: string): Promise<boolean> =>
    inWorker("server/access/check-password.ts", "checkPassword", { password, hash: "$2b$04$TI567AQPn2i3L6b2pRRVmuucV9DruutOd8pa7H62cOLaMbyWjQ9BW" });
  const before = threads();
  assert.equal(await check("wrong"), false);
  assert.equal(threads(), before + 1);
  context.mock.timers.tick(9_000);
  await check("wrong");
  context.mock.timers.tick(9_000);
  assert.equal(threads(), before + 1, "it was needed meanwhile");
  context.mock.timers.tick(2_000);
  for (let round = 0; round < 500 && threads() > before; round += 1) await new Promise((resolve) => setImmediate(resolve));
  context.mock.timers.reset();
  for (let round = 0; round < 100 && threads() > before; round += 1) await wait(50);
  assert.equal(threads(), before);
  assert.equal(await check("right"), true);
});

test("the thread of a job that is given up has ended when its promise rejects", { skip: process.platform !== "linux" && "threads are counted in /proc" }, async (context) => {
  const { folder, source } = filesToPack(context, 400, 64 * 1024);
  for (let round = 0; round < 5; round += 1) {
    const output = join(folder, `out-${round}`);
    const abort = new AbortController();
    const job = inWorker("layer/pack-layer.ts", "packLayer", { upper: source, lowers: [], codec: "none", output }, { signal: abort.signal });
    const rejected = assert.rejects(job, /enough/);
    for (let turn = 0; turn < 5_000 && !existsSync(output); turn += 1) await wait(1);
    const during = threads();
    abort.abort(new Error("enough"));
    await rejected;
    assert.equal(threads(), during - 1);
  }
});

test("a thread that is given up while it loads a native module ends, and this process goes on", { skip: process.platform !== "linux" && "what is loaded is read in /proc" }, async (context) => {
  const { folder, source } = filesToPack(context, 40, 1024 * 1024);
  const isLoaded = (): boolean => readFileSync("/proc/self/maps", "latin1").includes("koffi");
  for (let round = 0; round < 12; round += 1) {
    const abort = new AbortController();
    const job = inWorker("layer/pack-layer.ts", "packLayer", { upper: source, lowers: [], codec: "gzip", output: join(folder, `out-${round}`) }, { signal: abort.signal });
    const ended = job.then(() => undefined, (error: unknown) => assert.match((error as Error).message, /enough/));
    const late = Date.now() + 1000;
    while (!isLoaded() && Date.now() < late) await new Promise((resolve) => setImmediate(resolve));
    abort.abort(new Error("enough"));
    await ended;
  }
});

test("a process that ends while a thread of it loads a native module has the status that it gave", { skip: process.platform !== "linux" && "what is loaded is read in /proc" }, (context) => {
  const { folder } = filesToPack(context, 1, 7);
  writeFileSync(join(folder, "program.mjs"), `
    import { readFileSync } from "node:fs";
    const { inWorker } = await import(${JSON.stringify(new URL("worker-pool.ts", import.meta.url).href)});
    void inWorker("layer/pack-layer.ts", "packLayer", ${JSON.stringify({ upper: join(folder, "source"), lowers: [], codec: "gzip", output: join(folder, "out") })});
    const late = Date.now() + 2000;
    while (!readFileSync("/proc/self/maps", "latin1").includes("koffi") && Date.now() < late) await new Promise((resolve) => setImmediate(resolve));
    process.exit(3);
  `);
  for (let round = 0; round < 3; round += 1) {
    const { status, signal, stderr } = spawnSync(process.execPath, ["--no-warnings", join(folder, "program.mjs")], { encoding: "utf8" });
    assert.deepEqual({ status, signal }, { status: 3, signal: null }, stderr);
  }
});
