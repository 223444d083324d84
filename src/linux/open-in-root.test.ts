import assert from "node:assert/strict";
import { closeSync, constants, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { haveLibc } from "./libc.ts";
import { openInRoot } from "./open-in-root.ts";

const skip = !haveLibc() && "koffi is not installed";
/** As the kernel shows a descriptor's flags: fcntl.h's of every processor. */
const [O_PATH, O_CLOEXEC] = [0o10000000, 0o2000000];
/** Those that differ between processors. */
const OTHERS = constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_DIRECT;

function flagsOf(fd: number): number {
  return Number.parseInt(/^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))![1]!, 8);
}

test("what is opened is a place, closed on exec, with no flag that was not meant", { skip }, (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "file"), "");
  const fd = openInRoot(folder, "file");
  try {
    const flags = flagsOf(fd);
    assert.equal(flags & (O_PATH | O_CLOEXEC), O_PATH | O_CLOEXEC, flags.toString(8));
    assert.equal(flags & OTHERS, 0, flags.toString(8));
  } finally {
    closeSync(fd);
  }
});

test("neither links nor dots lead out of the root", { skip }, (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "root/inside"), { recursive: true });
  writeFileSync(join(folder, "secret"), "");
  symlinkSync("/secret", join(folder, "root/absolute"));
  symlinkSync("../../../secret", join(folder, "root/inside/up"));
  for (const path of ["absolute", "inside/up", "../secret", "/../secret", "inside/../../secret"]) {
    assert.throws(() => closeSync(openInRoot(join(folder, "root"), path)), { code: "ENOENT" }, path);
  }
  closeSync(openInRoot(join(folder, "root"), "/../inside"));
});
