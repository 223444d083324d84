import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findArchitecture, isNative, registration } from "./architectures.ts";
import { kernelHandler } from "./find-emulation.ts";

test("a registration has the ELF header of the architecture, in its byte order", () => {
  const [, name, type, , magic, mask, path, flags] = registration(findArchitecture("arm64")!, "/usr/bin/qemu").split(":");
  assert.deepEqual([name, type, path, flags], ["sampan-aarch64", "M", "/usr/bin/qemu", "FP"]);
  assert.equal(magic!.replaceAll("\\x", ""), "7f454c460201010000000000000000000200b700");
  assert.equal(mask!.replaceAll("\\x", ""), "ffffffffffffff00fffffffffffffffffeffffff");
  assert.match(registration(findArchitecture("s390x")!, "/q"), /\\x7f\\x45\\x4c\\x46\\x02\\x02\\x01.*\\x00\\x02\\x00\\x16:.*\\xff\\xfe\\xff\\xff:/);
  assert.equal(findArchitecture("constructor"), undefined);
});

test("a handler of the kernel counts when it is enabled, for that architecture, and has its emulator open", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "binfmt-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const arm64 = findArchitecture("arm64")!;
  const entry = (state: string, flags: string): string => `${state}\ninterpreter /usr/bin/qemu-aarch64\nflags: ${flags}\noffset 0\nmagic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n`;
  assert.equal(kernelHandler(arm64, folder), undefined);
  writeFileSync(join(folder, "status"), "enabled\n");
  writeFileSync(join(folder, "python"), "enabled\ninterpreter /usr/bin/python\nflags: F\noffset 0\nmagic a70d0d0a\n");
  for (const [state, flags, found] of [["enabled", "POCF", "qemu"], ["disabled", "F", undefined], ["enabled", "OC", undefined]] as const) {
    writeFileSync(join(folder, "qemu"), entry(state, flags));
    assert.equal(kernelHandler(arm64, folder), found, `${state} ${flags}`);
  }
  writeFileSync(join(folder, "qemu"), entry("enabled", "F"));
  assert.equal(kernelHandler(findArchitecture("riscv64")!, folder), undefined);
  writeFileSync(join(folder, "status"), "disabled\n");
  assert.equal(kernelHandler(arm64, folder), undefined);
});

test("a processor runs its own programs, and amd64 those of 386", () => {
  const host = { os: "linux", architecture: "amd64" };
  assert.ok(isNative({ os: "linux", architecture: "386" }, host));
  assert.ok(isNative({ os: "linux", architecture: "amd64", variant: "v2" }, host));
  assert.ok(!isNative({ os: "linux", architecture: "arm64" }, host));
  assert.ok(!isNative({ os: "windows", architecture: "amd64" }, host));
});
