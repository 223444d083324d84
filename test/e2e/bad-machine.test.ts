import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { assertFault } from "../support/check-fault.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { startFaultyRegistry } from "../support/faulty-registry.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { noBuilds, scratchBuild, type ScratchBuild } from "../support/scratch-build.ts";
import { sampanWithBase } from "../support/sampan-base.ts";
import { fillUp, leaveFree, noMounts, smallDisk } from "../support/small-disk.ts";
import { ociArchive, smallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";

const MEGABYTE = 1024 * 1024;
const FULL = { message: /no space left on the device that holds/, hint: /free some space/ };

interface SmallStore extends ScratchBuild {
  readonly disk: string;
  /** Does it with so little space left on the store's disk, which is free again afterwards. */
  readonly whileFull: (free: number, work: () => Promise<Finished>) => Promise<Finished>;
}

async function smallStore(context: TestContext): Promise<SmallStore> {
  const disk = smallDisk(context, "96m");
  const scratch = await scratchBuild(context, { root: join(disk, "store") });
  return {
    ...scratch,
    disk,
    whileFull: async (free, work) => {
      leaveFree(disk, free);
      try {
        return await work();
      } finally {
        rmSync(join(disk, "filler"));
      }
    },
  };
}

test("a store that overlayfs cannot write upon builds what needs no container, and the fault of a RUN says where it should be", { skip: noBuilds || noMounts }, async (context) => {
  const disk = smallDisk(context, "96m");
  const [folders, merged] = [["lower", "upper", "work"].map((name) => join(disk, name)), join(disk, "merged")];
  for (const folder of [...folders, merged]) mkdirSync(folder);
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", `lowerdir=${folders[0]},upperdir=${folders[1]},workdir=${folders[2]}`, merged]);
  const store = await scratchBuild(context, { root: join(merged, "store") });
  store.write({ file: "text" });
  assert.equal((await store.build("FROM base\nCOPY file /\n")).status, 0);
  assertFault(await store.build("FROM base\nCOPY file /\nRUN true\n"), {
    message: /cannot be set up \(overlay\): EINVAL/, hint: /set SAMPAN_ROOT to a folder on ext4, xfs, btrfs or tmpfs, in a container on a volume/, frame: { place: "Dockerfile:3", line: "RUN true" },
  });
  await store.checkStore();
});

test("RUN, COPY and ADD on a full disk are a fault; with space they go on from where they were", { skip: noBuilds || noMounts }, async (context) => {
  const store = await smallStore(context);
  store.write({ large: randomBytes(20 * MEGABYTE) });
  execFileSync("tar", ["-C", store.context, "-cf", join(store.context, "archive.tar"), "large"]);
  assert.equal((await store.build("FROM base\nRUN touch /first\n")).status, 0);
  for (const line of ["COPY large /", "ADD archive.tar /"]) {
    const dockerfile = `FROM base\nRUN touch /first\n${line}\n`;
    assertFault(await store.whileFull(8 * MEGABYTE, () => store.build(dockerfile)), { ...FULL, frame: { place: "Dockerfile:3", line } });
    await store.checkStore();
  }
  const run = "FROM base\nRUN touch /first\nRUN dd if=/dev/zero of=/large bs=1M count=20\n";
  const failed = await store.whileFull(8 * MEGABYTE, () => store.build(run));
  assertFault(failed, { message: /exit code: 1/, hint: /./, frame: { place: "Dockerfile:3", line: "RUN dd" } });
  assert.match(failed.stderr, /No space left on device/);
  await store.checkStore();
  const good = await store.build("FROM base\nRUN touch /first\nCOPY large /\n");
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stderr, /RUN touch \/first\n#\d+ CACHED/);
  await store.checkStore();
});

test("pull, load and the packing of layers on a full disk are a fault, and nothing half is kept", { skip: noBuilds || noMounts }, async (context) => {
  const store = await smallStore(context);
  const image = smallImage([{ tar: tarOf([{ path: "data", content: randomBytes(20 * MEGABYTE) }]) }]);
  await using registry = await startFaultyRegistry(image);
  assertFault(await store.whileFull(8 * MEGABYTE, () => store.sampan(["pull", `${registry.host}/app:1`])), FULL);
  await store.checkStore();
  assertFault(await store.whileFull(8 * MEGABYTE, () => store.sampan(["load"], { input: ociArchive(image, "app:1") })), FULL);
  await store.checkStore();
  assert.doesNotMatch((await store.sampan(["images"])).stdout, /app/);
  store.write({ large: randomBytes(20 * MEGABYTE) });
  const dockerfile = "FROM base\nCOPY large /\n";
  assert.equal((await store.build(dockerfile)).status, 0);
  const archive = join(store.folder, "image.tar");
  assertFault(await store.whileFull(8 * MEGABYTE, () => store.build(dockerfile, ["-o", `type=oci,dest=${archive}`])), FULL);
  assert.ok(!existsSync(archive));
  await store.checkStore();
  assert.equal((await store.build(dockerfile, ["-o", `type=oci,dest=${archive}`])).status, 0);
  await store.checkStore();
});

test("an output or a saved archive that does not fit is a fault, and no half file is left under its name", { skip: noBuilds || noMounts }, async (context) => {
  const disk = smallDisk(context, "8m");
  const scratch = await scratchBuild(context);
  scratch.write({ large: randomBytes(20 * MEGABYTE) });
  for (const output of [`type=oci,dest=${disk}/image.tar`, `type=docker,dest=${disk}/image.tar`, `type=tar,dest=${disk}/image.tar`, `type=local,dest=${disk}/tree`]) {
    assertFault(await scratch.build("FROM base\nCOPY large /\n", ["-t", "large:1", "-o", output, "-o", "type=store"]), { message: /no space left on the device that holds/, hint: /free some space/ });
    rmSync(join(disk, "tree"), { recursive: true, force: true });
    assert.deepEqual(readdirSync(disk), [], output);
  }
  assert.equal((await scratch.build("FROM base\nCOPY large /\n", ["-t", "large:1"])).status, 0);
  assertFault(await scratch.sampan(["save", "-o", join(disk, "saved.tar"), "large:1"]), { message: /no space left on the device/, hint: /./ });
  assert.deepEqual(readdirSync(disk), []);
  await scratch.checkStore();
});

test("with no space at all, images can still be listed and removed, which makes room", { skip: noBuilds || noMounts }, async (context) => {
  const store = await smallStore(context);
  store.write({ large: randomBytes(10 * MEGABYTE) });
  assert.equal((await store.build("FROM scratch\nCOPY large /\n", ["-t", "large:1"])).status, 0);
  const removed = await store.whileFull(0, async () => {
    const listed = await store.sampan(["images", "-q", "large:1"]);
    assert.equal(listed.status, 0, listed.stderr);
    return store.sampan(["rmi", "large:1"]);
  });
  assert.equal(removed.status, 0, removed.stderr);
  await store.checkStore();
  assertFault(await store.whileFull(0, () => store.build("FROM base\nRUN touch /x\n")), FULL);
  await store.checkStore();
});

test("with nothing set aside for a full disk any more, an image can still be removed", { skip: noBusybox || noMounts }, async (context) => {
  const { folder, sampan } = await sampanWithBase(context);
  const disk = smallDisk(context, "32m");
  const env = { SAMPAN_ROOT: join(disk, "store") };
  const archive = join(folder, "base.tar");
  await sampan(["save", "-o", archive, "base:1"]);
  assert.equal((await sampan(["load", "-i", archive], { env })).status, 0);
  rmSync(join(disk, "store/reserve"));
  fillUp(disk);
  const removed = await sampan(["rmi", "base:1"], { env });
  assert.equal(removed.status, 0, removed.stderr);
  assert.match(removed.stdout, /^Untagged: base:1\nDeleted: sha256:/);
  assert.deepEqual(readdirSync(join(disk, "store/blobs/sha256")), []);
  rmSync(join(disk, "filler"));
  assert.equal((await sampan(["images", "-q"], { env })).stdout, "");
  assertStoreWhole(join(disk, "store"));
});

test("a store that cannot be written to is named, with the variable that says where it is", { skip: noBuilds || noMounts }, async (context) => {
  const store = await smallStore(context);
  const expected = { message: /cannot be written to/, hint: /SAMPAN_ROOT/ };
  execFileSync("mount", ["-o", "remount,ro", store.disk]);
  for (const words of [["images"], ["build", store.context], ["pull", "127.0.0.1:1/app"], ["rmi", "base"], ["load"]]) {
    store.write({ Dockerfile: "FROM base\nRUN true\n" });
    assertFault(await store.sampan(words), expected);
  }
  execFileSync("mount", ["-o", "remount,rw", store.disk]);
  assert.equal((await store.build("FROM base\nRUN true\n")).status, 0);
  await store.checkStore();
});

test("a store that belongs to someone else, or that is no folder, is named", { skip: noOrdinaryUser }, async (context) => {
  const user = asOrdinaryUser(context);
  const foreign = join(user.home, "foreign");
  mkdirSync(foreign);
  chmodSync(foreign, 0o755);
  const file = join(user.home, "file");
  writeFileSync(file, "x");
  for (const root of [foreign, join(foreign, "new", "store"), "/proc/store", file, join(file, "store")]) {
    assertFault(await user.sampan(["images"], { SAMPAN_ROOT: root }), { message: new RegExp(`${root}.* cannot be written to`), hint: /SAMPAN_ROOT/ });
  }
});

test("a damaged database is a fault that says how to go on, and nothing is overwritten", async (context) => {
  const { sampan, root } = scratchSampan(context);
  assert.equal((await sampan(["images"])).status, 0);
  const database = join(root, "sampan.db");
  for (const suffix of ["-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true });
  const garbage = randomBytes(8192);
  writeFileSync(database, garbage);
  assertFault(await sampan(["images"]), { message: /database .* is damaged/, hint: /`sampan store check --repair` puts it aside/ });
  assertFault(await sampan(["images"]), { message: /database .* is damaged/, hint: /`sampan store check --repair` puts it aside/ });
  assert.equal(execFileSync("cmp", [database, "-"], { input: garbage, encoding: "utf8" }), "");
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${database}${suffix}`, { force: true });
  assert.equal((await sampan(["images"])).status, 0);
  assertStoreWhole(root);
});

test("an ordinary user is not kept from registries by a folder that docker's daemon keeps closed", { skip: noOrdinaryUser }, async (context) => {
  const { home, sampan } = asOrdinaryUser(context);
  const etc = join(home, "..", "etc");
  mkdirSync(join(etc, "docker"), { recursive: true });
  writeFileSync(join(etc, "docker/daemon.json"), '{"registry-mirrors": ["https://mirror.example"]}');
  chmodSync(join(etc, "docker"), 0o700);
  const { status, stdout, stderr } = await sampan(["registry", "routes", "--format", "{{.URL}}", "alpine"], { SAMPAN_ETC: etc });
  assert.deepEqual([status, stdout], [0, "https://registry-1.docker.io/v2/library/alpine\n"], stderr);
});
