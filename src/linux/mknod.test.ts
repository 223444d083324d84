import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { deviceMajor, deviceMinor, deviceNumber, makeNode } from "./mknod.ts";

test("major and minor numbers of every size come back", () => {
  fc.assert(
    fc.property(fc.nat(0xfffff), fc.nat(0xffffffff), (major, minor) => {
      const device = deviceNumber(major, minor);
      assert.deepEqual([deviceMajor(device), deviceMinor(device)], [major, minor]);
    }),
  );
});

test("a whiteout and a named pipe can be made by anybody", (context) => {
  const folder = temporaryFolder(context);
  makeNode(join(folder, "gone"), "character", 0);
  makeNode(join(folder, "pipe"), "fifo", 0o600);
  const { rdev, mode } = lstatSync(join(folder, "gone"));
  assert.deepEqual([rdev, mode], [0, 0o020000]);
  assert.ok(lstatSync(join(folder, "pipe")).isFIFO());
});

test("a device has the numbers that stat shows", { skip: process.getuid!() === 0 ? false : "needs root for devices" }, (context) => {
  const path = join(temporaryFolder(context), "device");
  makeNode(path, "block", 0o600, 259, 70_000);
  assert.equal(execFileSync("stat", ["-c", "%F %Hr:%Lr", path], { encoding: "utf8" }), "block special file 259:70000\n");
  const { rdev } = lstatSync(path, { bigint: true });
  assert.deepEqual([deviceMajor(rdev), deviceMinor(rdev)], [259, 70_000]);
});

test("what is refused is an error like those of node:fs", (context) => {
  const folder = temporaryFolder(context);
  assert.throws(() => makeNode(join(folder, "none/x"), "fifo", 0o600), { code: "ENOENT", syscall: "mknod", path: join(folder, "none/x") });
  makeNode(join(folder, "x"), "fifo", 0o600);
  assert.throws(() => makeNode(join(folder, "x"), "fifo", 0o600), { code: "EEXIST" });
});
