import assert from "node:assert/strict";
import { test } from "node:test";
import { MOUNT_ATTR } from "../linux/mount.ts";
import { tmpfsOptions } from "./tmpfs-options.ts";

const { RDONLY, NOSUID, NODEV, NOEXEC, NOATIME, STRICTATIME } = MOUNT_ATTR;

test("words change the mount, pairs the file system, and later ones win", () => {
  assert.deepEqual(tmpfsOptions(""), { settings: {}, attributes: NOSUID | NODEV | NOEXEC });
  assert.deepEqual(tmpfsOptions("rw,exec,size=64m,mode=1777,size=5%"), { settings: { size: "5%", mode: "1777" }, attributes: NOSUID | NODEV });
  assert.deepEqual(tmpfsOptions("suid,dev,exec,noexec,ro,noatime,strictatime"), { settings: {}, attributes: NOEXEC | RDONLY | STRICTATIME });
  assert.deepEqual(tmpfsOptions("noatime,defaults,"), { settings: {}, attributes: NOSUID | NODEV | NOEXEC | NOATIME });
});

test("a word that means nothing is named", () => {
  for (const wrong of ["bogus", "bogus=1", "size", "size=", "size=lots", "mode=9", "uid=root", "exec=1", "constructor", "=", "huge=always", "uid=1\0"]) {
    assert.deepEqual(tmpfsOptions(`rw,${wrong}`), { unknown: wrong }, wrong);
  }
});
