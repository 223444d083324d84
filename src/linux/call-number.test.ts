import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { callNumber } from "./call-number.ts";
import { errno, haveLibc, libc } from "./libc.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

const source = join(import.meta.dirname, "..");
const files = globSync("**/*.ts", { cwd: source }).filter((file) => !file.endsWith(".test.ts"));

test("a call has the number that the filter of system calls knows it by, on both processors", () => {
  for (const name of ["clone", "ioprio_get", "seccomp", "setgroups", "setresgid", "setresuid"] as const) {
    for (const arch of ["x64", "arm64"] as const) assert.equal(callNumber(name, arch), syscallNumbers(arch).get(name), `${name} on ${arch}`);
  }
  assert.deepEqual([callNumber("keyctl", "x64"), callNumber("keyctl", "arm64")], [250, 219]);
});

test("on another processor the kernel is asked for a call that it does not have", { skip: !haveLibc() && "koffi is not installed" }, () => {
  assert.equal(callNumber("setgroups", "riscv64"), -1);
  const call = libc("long syscall(long number)");
  assert.equal(Number(call(callNumber("setgroups", "riscv64"))), -1);
  assert.equal(errno(), constants.errno.ENOSYS);
});

test("flags of open(2) that differ between processors are Node's own, which knows this one's", () => {
  // asm-generic/fcntl.h and arch/arm64/include/uapi/asm/fcntl.h: O_DIRECTORY here is O_DIRECT there, O_NOFOLLOW is O_LARGEFILE.
  const own = files.filter((file) => /\bO_(?:DIRECTORY|NOFOLLOW|DIRECT|LARGEFILE|TMPFILE)\s*=/.test(readFileSync(join(source, file), "utf8")));
  assert.deepEqual(own, []);
});

test("nobody but the tables here knows numbers of one processor", () => {
  const choosing = files.filter((file) => /process\.arch\s*===/.test(readFileSync(join(source, file), "utf8")));
  assert.deepEqual(choosing, ["exec/oci-config.ts"]);
});
