import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { encodeTarHeader, TAR_END } from "../../src/layer/write-tar.ts";
import { sha256 } from "../../src/oci/digest.ts";
import { assertFault } from "../support/check-fault.ts";
import { mountsBelow } from "../support/check-store.ts";
import { startFaultyRegistry } from "../support/faulty-registry.ts";
import { noBuilds, scratchBuild } from "../support/scratch-build.ts";
import { noMounts, smallDisk } from "../support/small-disk.ts";
import { ociArchive, smallImage } from "../support/small-image.ts";
import { tarOf } from "../support/tar-of.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";

const MEGABYTE = 1024 * 1024;
/** Memory that no command may need, in bytes: the bombs unpack to many times of it. */
const MOST_MEMORY = 350 * MEGABYTE;

/** Gzip of a tar archive whose one file is that many megabytes of zeros; the members of a gzip file follow each other. */
function bomb(megabytes: number): Buffer {
  const header = encodeTarHeader({ path: "bomb", type: "file", mode: 0o644, uid: 0, gid: 0, size: megabytes * MEGABYTE, mtime: { seconds: 0, nanoseconds: 0 } });
  const piece = gzipSync(Buffer.alloc(64 * MEGABYTE));
  return Buffer.concat([gzipSync(header), ...Array.from({ length: megabytes / 64 }, () => piece), gzipSync(TAR_END)]);
}

/** The most memory that a process has had so far, in bytes. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

test("a layer of 3 MB that unpacks to 3 GB stops when the disk is full, without filling the memory, and leaves the space free", { skip: noBuilds || noMounts }, async (context) => {
  const disk = smallDisk(context, "200m");
  const scratch = await scratchBuild(context, { base: false, root: join(disk, "store") });
  const image = smallImage([{ tar: Buffer.alloc(0), blob: bomb(3072), diffId: sha256("whatever") }]);
  await using registry = await startFaultyRegistry(image);
  assert.equal((await scratch.sampan(["pull", `${registry.host}/app:1`])).status, 0);
  let peak = 0;
  let timer: NodeJS.Timeout | undefined;
  const built = await scratch.build(`FROM ${registry.host}/app:1\nCOPY Dockerfile /\n`, [], {
    onStart: (child) => { timer = setInterval(() => { peak = Math.max(peak, peakOf(child.pid!)); }, 20); },
  });
  clearInterval(timer);
  assertFault(built, { message: /no space left on the device/, hint: /free some space/, frame: { place: "Dockerfile:1", line: `FROM ${registry.host}/app:1` } });
  assert.ok(peak > 20 * MEGABYTE && peak < MOST_MEMORY, `${peak} bytes`);
  assert.deepEqual(mountsBelow(scratch.root), []);
  await scratch.checkStore();
  const good = await scratch.build("FROM scratch\nCOPY Dockerfile /\n");
  assert.equal(good.status, 0, good.stderr);
});

test("gigabytes behind the end of a layer's archive are neither kept nor held in memory", { skip: noBuilds || noMounts }, async (context) => {
  const disk = smallDisk(context, "200m");
  const scratch = await scratchBuild(context, { base: false, root: join(disk, "store") });
  const piece = gzipSync(Buffer.alloc(64 * MEGABYTE));
  const blob = Buffer.concat([gzipSync(tarOf([{ path: "x", content: "x" }])), ...Array.from({ length: 16 }, () => piece)]);
  const loaded = await scratch.sampan(["load"], { input: ociArchive(smallImage([{ tar: Buffer.alloc(0), blob, diffId: sha256("whatever") }]), "hostile:1") });
  assert.equal(loaded.status, 0, loaded.stderr);
  let peak = 0;
  let timer: NodeJS.Timeout | undefined;
  const built = await scratch.build("FROM hostile:1\nCOPY Dockerfile /\n", [], {
    onStart: (child) => { timer = setInterval(() => { peak = Math.max(peak, peakOf(child.pid!)); }, 20); },
  });
  clearInterval(timer);
  assertFault(built, { message: /but the image's config says/, hint: /./ });
  assert.ok(peak > 20 * MEGABYTE && peak < MOST_MEMORY, `${peak} bytes`);
  await scratch.checkStore();
});

test("devices and owners of a hostile image cannot be made without root: what cannot be is left out, and the image can be built upon", { skip: noOrdinaryUser }, async (context) => {
  const user = asOrdinaryUser(context);
  const layer = Buffer.concat([
    encodeTarHeader({ path: "dev/mem", type: "character", mode: 0o666, uid: 0, gid: 0, size: 0, mtime: { seconds: 0, nanoseconds: 0 }, major: 1, minor: 1 }),
    encodeTarHeader({ path: "dev/disk", type: "block", mode: 0o666, uid: 0, gid: 0, size: 0, mtime: { seconds: 0, nanoseconds: 0 }, major: 8, minor: 0 }),
    tarOf([{ path: "file", content: "x" }]),
  ]);
  const app = join(user.home, "app");
  mkdirSync(app);
  writeFileSync(join(app, "Dockerfile"), "FROM hostile:1\nCOPY Dockerfile /\n");
  const archive = join(user.home, "hostile.tar");
  writeFileSync(archive, ociArchive(smallImage([{ tar: layer }]), "hostile:1"));
  for (const path of [app, archive]) chmodSync(path, 0o755);
  for (const mapped of ["", "one"]) {
    const env = { SAMPAN_USERNS: mapped, SAMPAN_ROOT: join(user.home, `store${mapped}`) };
    const loaded = await user.sampan(["load", "-i", archive], env);
    assert.equal(loaded.status, 0, loaded.stderr);
    const tree = join(user.home, `tree${mapped}`);
    const built = await user.sampan(["build", "--progress", "plain", "-o", `type=local,dest=${tree}`, app], env);
    assert.equal(built.status, 0, built.stderr);
    assert.equal(execFileSync("find", [tree, "-type", "b", "-o", "-type", "c"], { encoding: "utf8" }), "");
    assert.equal(execFileSync("find", [env.SAMPAN_ROOT, "(", "-type", "b", "-o", "-type", "c", ")", "-newermt", "1971-01-01"], { encoding: "utf8" }), "");
    assert.equal(readFileSync(join(tree, "file"), "utf8"), "x");
  }
});
