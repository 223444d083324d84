import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertStoreWhole } from "../../test/support/check-store.ts";
import { configBytes, temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { Database } from "./database.ts";
import { openStore } from "./open-store.ts";

const child = new URL("../../test/support/store-child.ts", import.meta.url).pathname;

function start(root: string, mode: string, rounds = 0, seed = 1): ChildProcess & { errors: string } {
  const started = Object.assign(spawn(process.execPath, [child, root, mode, String(rounds), String(seed)], { stdio: ["ignore", "pipe", "pipe"] }), { errors: "" });
  started.stderr!.on("data", (data) => { started.errors += data; });
  return started;
}

async function ready(process: ChildProcess & { errors: string }, line: string): Promise<void> {
  let text = "";
  for await (const data of process.stdout!.iterator({ destroyOnReturn: false })) {
    text += String(data);
    if (text.includes(line)) return;
  }
  assert.fail(`the process ended early: ${process.errors}`);
}

async function ended(process: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  if (process.exitCode === null && process.signalCode === null) await once(process, "exit");
  return { code: process.exitCode, signal: process.signalCode };
}

/** The store is whole once a process has opened it, as recovery may be due. */
async function checkWhole(root: string): Promise<void> {
  const store = await openStore(root);
  await store.collect();
  await store.close();
  assertStoreWhole(root);
}

test("two processes make a new store at the same time and use it at once", async (context) => {
  const root = join(temporaryFolder(context), "store");
  const processes = [start(root, "work", 150, 1), start(root, "work", 150, 2), start(root, "work", 150, 3)];
  for (const process of processes) assert.deepEqual(await ended(process), { code: 0, signal: null }, process.errors);
  await checkWhole(root);
});

for (const mode of ["die-while-writing-a-blob", "die-with-active-snapshots", "die-while-collecting"]) {
  test(`after a kill -9 the next open cleans up: ${mode}`, async (context) => {
    const root = join(temporaryFolder(context), "store");
    {
      await using store = await openStore(root);
      store.images.put({ config: configBytes([sha256("layer")]), names: ["kept:1"] });
    }
    const victim = start(root, mode);
    assert.deepEqual(await ended(victim), { code: null, signal: "SIGKILL" }, victim.errors);
    await checkWhole(root);
    await using store = await openStore(root);
    assert.equal(store.images.find("kept:1").names.length, 1);
  });
}

test("processes that are killed at any moment lose nothing but their own unfinished work", async (context) => {
  const root = join(temporaryFolder(context), "store");
  const survivor = start(root, "work", 600, 99);
  for (let round = 0; round < 6; round += 1) {
    const victim = start(root, "work", 1e6, round);
    await ready(victim, "ready");
    await sleep(5 + ((round * 37) % 90));
    victim.kill("SIGKILL");
    assert.equal((await ended(victim)).signal, "SIGKILL", victim.errors);
    if (round % 3 === 2) await (await openStore(root)).close();
  }
  assert.deepEqual(await ended(survivor), { code: 0, signal: null }, survivor.errors);
  await checkWhole(root);
});

test("what another process uses is removed only after it has ended, even by kill -9", async (context) => {
  const root = join(temporaryFolder(context), "store");
  await using store = await openStore(root);
  const layer = store.blobs.writeBytes(Buffer.from("layer"));
  store.layers.remember({ diffId: layer, digest: layer, size: 5, mediaType: "application/vnd.oci.image.layer.v1.tar", codec: "none" });
  const { id } = store.images.put({ config: configBytes([layer]), names: ["held:1"] });
  const holder = start(root, "hold");
  context.after(() => holder.kill("SIGKILL"));
  await ready(holder, "holding");
  store.images.remove(id);
  assert.equal((await store.collect()).blobs, 0);
  assert.ok(existsSync(store.blobs.path(layer)));
  holder.kill("SIGKILL");
  await ended(holder);
  await using next = await openStore(root);
  assert.equal((await next.collect()).blobs, 2);
});

test("a removal that a killed process had begun is finished by the next one", async (context) => {
  const root = join(temporaryFolder(context), "store");
  const store = await openStore(root);
  const moved = store.blobs.writeBytes(Buffer.from("moved already"));
  const marked = store.blobs.writeBytes(Buffer.from("only marked"));
  const { id } = store.snapshots.commit(store.snapshots.prepare(), { createdAt: 1 });
  await store.close();
  const database = new Database(join(root, "sampan.db"));
  database.run("INSERT INTO lease (id, pid, started, boot, namespace, created_at) VALUES (999, 1, 'x', 'an earlier boot', 'x', 0)");
  database.run("UPDATE blob SET state = 2, owner = 999");
  database.run("UPDATE snapshot SET state = 2, owner = 999");
  database.close();
  mkdirSync(join(root, "tmp", "999"));
  writeFileSync(join(root, "tmp", "999", "removed-1"), "moved already");
  rmSync(join(root, "blobs/sha256", moved.slice(7)));

  await using next = await openStore(root);
  assert.ok(!next.blobs.has(moved));
  assert.ok(!next.blobs.has(marked));
  assert.ok(!existsSync(next.blobs.path(marked)));
  assert.equal(next.snapshots.get(id), undefined);
  await next.close();
  await checkWhole(root);
});

test("folders for unfinished files that belong to nobody are removed", async (context) => {
  const root = join(temporaryFolder(context), "store");
  await (await openStore(root)).close();
  mkdirSync(join(root, "tmp", "4711", "deep"), { recursive: true });
  await (await openStore(root)).close();
  assert.deepEqual(readdirSync(join(root, "tmp")), []);
  assert.equal(statSync(root).mode & 0o077, 0, "others cannot look into the store");
});
