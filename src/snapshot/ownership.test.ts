import assert from "node:assert/strict";
import { chownSync, lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { setXattr } from "../linux/xattr.ts";
import { isFault } from "../std/fault.ts";
import { isOpaque, markOpaque } from "./opaque.ts";
import { ownerOf, recordedOwner, setOwner } from "./ownership.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root to give files away";

test("with record the owner is written down, and the file stays whose it was", (context) => {
  const file = join(temporaryFolder(context), "f");
  writeFileSync(file, "");
  setOwner(file, 33, 4_000_000_000, { record: true });
  const stat = lstatSync(file);
  assert.deepEqual([stat.uid, stat.gid], [process.getuid!(), process.getgid!()]);
  assert.deepEqual(ownerOf(file, stat), { uid: 33, gid: 4_000_000_000 });
  setOwner(file, 0, 0, { record: true });
  assert.equal(recordedOwner(file), undefined);
  assert.deepEqual(ownerOf(file, { uid: 0n, gid: 0n }), { uid: 0, gid: 0 });
});

test("a record on the file of another user does not count: that user may have written it", { skip: notRoot }, (context) => {
  const file = join(temporaryFolder(context), "f");
  writeFileSync(file, "");
  chownSync(file, 1000, 1000);
  setXattr(file, "user.sampan.owner", Buffer.from("0:0"));
  assert.deepEqual(ownerOf(file, lstatSync(file)), { uid: 1000, gid: 1000 });
});

test("a symlink, which can have no such record, is passed over", (context) => {
  const link = join(temporaryFolder(context), "l");
  symlinkSync("nowhere", link);
  setOwner(link, 33, 33, { record: true });
  assert.equal(recordedOwner(link), undefined);
});

test("without record the owner is changed, of a symlink itself", { skip: notRoot }, (context) => {
  const link = join(temporaryFolder(context), "l");
  symlinkSync("nowhere", link);
  setOwner(link, 33, 34, { record: false });
  const stat = lstatSync(link);
  assert.deepEqual([stat.uid, stat.gid], [33, 34]);
});

test("what is no owner in the record does not count", (context) => {
  const file = join(temporaryFolder(context), "f");
  writeFileSync(file, "");
  for (const text of ["", "0", "-1:0", "a:b", "1:2:3", "99999999999:0"]) {
    setXattr(file, "user.sampan.owner", Buffer.from(text));
    assert.equal(recordedOwner(file), undefined, text);
  }
});

test("an id that the namespace does not know is a fault", { skip: notRoot }, (context) => {
  const file = join(temporaryFolder(context), "f");
  writeFileSync(file, "");
  process.seteuid!(65534);
  try {
    assert.throws(() => setOwner(file, 33, 33, { record: false }), (error) => isFault(error, "OWNER_REFUSED") || (error as NodeJS.ErrnoException).code === "EACCES");
  } finally {
    process.seteuid!(0);
  }
});

test("only the mark y makes a directory opaque; x says something else", (context) => {
  const folder = temporaryFolder(context);
  assert.equal(isOpaque(folder), false);
  setXattr(folder, "user.overlay.opaque", Buffer.from("x"));
  assert.equal(isOpaque(folder), false);
  markOpaque(folder);
  assert.equal(isOpaque(folder), true);
});
