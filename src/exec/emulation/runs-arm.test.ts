import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-store.ts";
import { findProgram } from "../../linux/find-program.ts";
import { findArchitecture, isNative, registration } from "./architectures.ts";
import { armProgram, isEmulated, runsArm } from "./runs-arm.ts";

const emulator = findProgram("qemu-arm-static");

test("the program that is tried is one of arm, and ends well", { skip: emulator === undefined && "qemu-arm-static is not installed" }, (context) => {
  const path = join(temporaryFolder(context), "program");
  writeFileSync(path, armProgram(), { mode: 0o755 });
  const { status, stderr } = spawnSync(emulator!, [path], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
  const stopped = Buffer.from(armProgram());
  stopped.writeUInt32LE(0xe3a00007, 84); // mov r0, #7
  writeFileSync(path, stopped);
  assert.equal(spawnSync(emulator!, [path]).status, 7);
});

test("only machines of arm64 are asked whether they run arm", () => {
  assert.equal(runsArm("x64"), false);
  assert.equal(runsArm("riscv64"), false);
  assert.equal(isNative({ os: "linux", architecture: "arm", variant: "v7" }, { os: "linux", architecture: "amd64" }), false);
  assert.equal(isNative({ os: "linux", architecture: "arm", variant: "v7" }, { os: "linux", architecture: "arm64" }), runsArm());
});

test("where the kernel has a handler for programs of arm, with whatever flags, an end of one tells nothing", (context) => {
  const folder = join(temporaryFolder(context), "binfmt");
  assert.equal(isEmulated(folder), false);
  mkdirSync(folder);
  writeFileSync(join(folder, "status"), "enabled\n");
  const entry = (architecture: string, state: string): string => {
    const [, , , , magic] = registration(findArchitecture(architecture)!, "/usr/bin/qemu").split(":");
    return `${state}\ninterpreter /usr/bin/qemu\nflags: OC\noffset 0\nmagic ${magic!.replaceAll("\\x", "")}\nmask ffff\n`;
  };
  for (const [architecture, state, found] of [["arm64", "enabled", false], ["386", "enabled", false], ["arm", "disabled", false], ["arm", "enabled", true]] as const) {
    writeFileSync(join(folder, "handler"), entry(architecture, state));
    assert.equal(isEmulated(folder), found, `${architecture} ${state}`);
  }
});
