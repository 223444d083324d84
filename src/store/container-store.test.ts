import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import type { ContainerSpec } from "./container-record.ts";
import type { NewContainer } from "./container-store.ts";
import { Database } from "./database.ts";
import { openStore, type Store } from "./open-store.ts";
import { startTime } from "./process-identity.ts";

const spec: ContainerSpec = {
  imageName: "base:1", entrypoint: [], words: [], interactive: false, runtime: "builtin", labels: {}, stopSignal: 15, stopTimeout: 10,
  ports: [], exposed: [], limits: {},
  job: { args: ["true"], env: [], cwd: "/", user: "", hostname: "h", extraHosts: [], network: "default", mounts: [], hostCertificates: false, terminal: false },
};
const idOf = (digit: string): string => digit.repeat(64);
const create = (store: Store, changes: Partial<NewContainer> = {}) =>
  store.containers.create({ id: idOf("a"), name: "one", image: sha256("image"), autoRemove: false, spec, ...changes });

function snapshotOf(store: Store): string {
  const active = store.snapshots.prepare();
  writeFileSync(join(active.upper, "file"), "content");
  return store.snapshots.commit(active, { createdAt: 1 }).id;
}

/** Makes the row say that a process works on the container which is no more. */
function orphan(root: string, id: string, changes = ""): void {
  const database = new Database(join(root, "sampan.db"));
  database.run(`UPDATE container SET pid = 999999999, started = '1' ${changes} WHERE id = ?`, id);
  database.close();
}

test("a container is found by id, name and the beginning of its id", async (context) => {
  await using store = await openStore(join(temporaryFolder(context), "store"));
  const one = create(store);
  create(store, { id: `ab${"0".repeat(62)}`, name: "abc" });
  assert.equal(store.containers.find(one.id).name, "one");
  assert.equal(store.containers.find("/one").id, one.id);
  assert.equal(store.containers.find("aa").id, one.id);
  assert.equal(store.containers.find("abc").name, "abc", "a name comes before the beginning of an id");
  assert.throws(() => store.containers.find("a"), (error) => isFault(error, "CONTAINER_AMBIGUOUS"));
  assert.throws(() => store.containers.find("a*"), (error) => isFault(error, "CONTAINER_NOT_FOUND"));
  assert.throws(() => create(store, { id: idOf("b") }), (error) => isFault(error, "CONTAINER_NAME_TAKEN"));
  assert.equal(existsSync(store.containers.folder(idOf("b"))), false);
});

test("a container keeps the snapshot below it from collection until it is removed", async (context) => {
  const root = join(temporaryFolder(context), "store");
  let snapshot = "";
  {
    await using store = await openStore(root);
    snapshot = snapshotOf(store);
    create(store, { snapshot });
    store.containers.release(idOf("a"));
  }
  {
    await using store = await openStore(root);
    await store.collect();
    assert.ok(store.snapshots.get(snapshot));
    assert.equal(await store.containers.remove(idOf("a")), true);
    assert.equal(existsSync(store.containers.folder(idOf("a"))), false);
  }
  await using store = await openStore(root);
  await store.collect();
  assert.equal(store.snapshots.get(snapshot), undefined);
});

test("a container that runs is not removed", async (context) => {
  await using store = await openStore(join(temporaryFolder(context), "store"));
  create(store);
  store.containers.started(idOf("a"), { pid: 1, started: "1", ports: [], cgroups: [] });
  assert.equal(await store.containers.remove(idOf("a")), false);
  assert.ok(existsSync(store.containers.folder(idOf("a"))));
});

test("a container that another process is making or starting is not removed", async (context) => {
  const root = join(temporaryFolder(context), "store");
  await using store = await openStore(root);
  create(store);
  const database = new Database(join(root, "sampan.db"));
  const parent = startTime(process.ppid)!;
  database.run("UPDATE container SET pid = ?, started = ?", process.ppid, parent);
  assert.equal(await store.containers.remove(idOf("a")), false);
  assert.ok(existsSync(join(store.containers.folder(idOf("a")), "fs")));
  database.run("UPDATE container SET started = ?", `${parent}0`);
  database.close();
  assert.equal(await store.containers.remove(idOf("a")), true, "a process of that number, but another one");
});

test("what a supervisor left that was killed is put right by the next process", async (context) => {
  const root = join(temporaryFolder(context), "store");
  {
    await using store = await openStore(root);
    create(store);
    create(store, { id: idOf("b"), name: "two", autoRemove: true });
    create(store, { id: idOf("c"), name: "three" });
  }
  orphan(root, idOf("a"), ", state = 'running'");
  orphan(root, idOf("b"), ", state = 'running'");
  orphan(root, idOf("c"));
  mkdirSync(join(root, "containers", idOf("d")));
  await using store = await openStore(root);
  const one = store.containers.find("one");
  assert.deepEqual([one.state, one.exitCode, one.supervisor], ["exited", 137, undefined]);
  assert.match(one.error, /was killed/);
  assert.equal(store.containers.get(idOf("b")), undefined);
  const three = store.containers.find("three");
  assert.deepEqual([three.state, three.supervisor], ["created", undefined]);
  await store.collect();
  assert.equal(existsSync(join(root, "containers", idOf("d"))), false, "a folder that no container has");
  assert.ok(existsSync(join(root, "containers", idOf("c"), "fs")));
});
