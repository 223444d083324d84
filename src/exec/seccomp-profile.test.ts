import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assembleFilter, type Instruction } from "../linux/seccomp.ts";
import { syscallNumbers, type SyscallAbi } from "../linux/syscall-numbers.ts";
import { capabilityMask, changeCapabilities, DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { DEFAULT_PROFILE, profileFor } from "./seccomp-profile.ts";

const ALLOW = 0x7fff0000;
const EPERM = 0x50001;
const ENOSYS = 0x50026;
const KILL = 0x80000000;
const ARCHITECTURES: Record<SyscallAbi, number> = { x64: 0xc000003e, ia32: 0x40000003, arm64: 0xc00000b7, arm: 0x40000028 };

/** What the kernel does with classic BPF on struct seccomp_data (linux/filter.h). */
function interpret(program: readonly Instruction[], number: number, architecture: number, argument = 0n): number {
  const memory = Buffer.alloc(64);
  memory.writeUInt32LE(number >>> 0, 0);
  memory.writeUInt32LE(architecture, 4);
  memory.writeBigUInt64LE(argument, 16);
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 1) {
    const { code, jt, jf, k } = program[at]!;
    if (code === 0x20) accumulator = memory.readUInt32LE(k);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x05) at += k;
    else if (code === 0x15) at += accumulator === k ? jt : jf;
    else if (code === 0x35) at += accumulator >= k ? jt : jf;
    else if (code === 0x06) return k;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error("the program ends without an answer");
}

const PROGRAMS = { x64: assembleFilter(DEFAULT_PROFILE, "x64"), arm64: assembleFilter(DEFAULT_PROFILE, "arm64") };
const ABIS: readonly (readonly [SyscallAbi, readonly Instruction[]])[] = [["x64", PROGRAMS.x64], ["ia32", PROGRAMS.x64], ["arm64", PROGRAMS.arm64], ["arm", PROGRAMS.arm64]];

const PROFILE_NAMES = DEFAULT_PROFILE.rules.flatMap(({ names }) => names);

test("every call that the profile allows is allowed, under each architecture's number", () => {
  for (const [abi, program] of ABIS) {
    const numbers = syscallNumbers(abi);
    for (const { names, action, conditions } of DEFAULT_PROFILE.rules) {
      if (action !== "allow" || conditions) continue;
      for (const name of names) {
        const number = numbers.get(name);
        if (number !== undefined) assert.equal(interpret(program, number, ARCHITECTURES[abi]), ALLOW, `${abi} ${name}`);
      }
    }
  }
});

test("numbers that the profile does not name fail: below its highest with EPERM, above with ENOSYS", () => {
  fc.assert(fc.property(fc.constantFrom(...ABIS), fc.integer({ min: 0, max: 0xffffffff }), ([abi, program], raw) => {
    const number = raw > 0x7fffffff ? raw : raw % 600;
    const known = PROFILE_NAMES.flatMap((name) => syscallNumbers(abi).get(name) ?? []);
    if (known.includes(number)) return;
    assert.equal(interpret(program, number, ARCHITECTURES[abi]), number > Math.max(...known) ? ENOSYS : EPERM);
  }), { numRuns: 2000 });
});

test("arguments decide on clone, socket and personality", () => {
  for (const [abi, program] of ABIS) {
    const numbers = syscallNumbers(abi);
    const ask = (name: string, argument: bigint): number => interpret(program, numbers.get(name)!, ARCHITECTURES[abi], argument);
    assert.equal(ask("clone", 0x1200011n), ALLOW);
    for (const flag of [0x20000n, 0x2000000n, 0x4000000n, 0x8000000n, 0x10000000n, 0x20000000n, 0x40000000n]) assert.equal(ask("clone", flag | 17n), EPERM, `clone ${flag}`);
    assert.equal(ask("clone3", 0n), ENOSYS);
    const families = Array.from({ length: 48 }, (_, family) => family).filter((family) => ask("socket", BigInt(family)) === ALLOW);
    assert.deepEqual(families, [...Array(38).keys(), 39, 41, 42, 43, 44, 45]);
    assert.equal(ask("socket", 0x1_0000_0002n), EPERM);
    for (const persona of [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn]) assert.equal(ask("personality", persona), ALLOW);
    for (const persona of [1n, 0x40000n, 0x400000n, 0xffff_ffff_ffff_ffffn]) assert.equal(ask("personality", persona), EPERM);
  }
});

test("a foreign architecture is killed", () => {
  assert.equal(interpret(PROGRAMS.x64, 0, ARCHITECTURES.arm64), KILL);
  assert.equal(interpret(PROGRAMS.arm64, 0, 0x12345678), KILL);
});

test("calls that lead out of a container are in no list", () => {
  const allowed = new Set(DEFAULT_PROFILE.rules.flatMap(({ names }) => names));
  for (const name of ["mount", "umount2", "pivot_root", "setns", "unshare", "bpf", "keyctl", "add_key", "kexec_load", "init_module", "open_by_handle_at", "userfaultfd", "perf_event_open", "io_uring_setup", "move_mount", "fsopen", "reboot"]) {
    assert.equal(allowed.has(name), false, name);
  }
});

test("the default capabilities are Docker's", () => {
  assert.equal(capabilityMask().toString(16), "a80425fb");
});

test("a capability brings the calls that need it, and none that others need", () => {
  const answer = (capabilities: readonly string[], name: string, argument = 0n): number =>
    interpret(assembleFilter(profileFor(capabilities), "x64"), syscallNumbers("x64").get(name)!, ARCHITECTURES.x64, argument);
  const NEW_USER_NAMESPACE = 0x1000_0000n;
  assert.equal(answer(DEFAULT_CAPABILITIES, "mount"), EPERM);
  assert.equal(answer(DEFAULT_CAPABILITIES, "chroot"), ALLOW);
  assert.equal(answer([], "chroot"), EPERM);
  assert.equal(answer([], "clone", NEW_USER_NAMESPACE), EPERM);
  assert.equal(answer(["CAP_SYS_ADMIN"], "mount"), ALLOW);
  assert.equal(answer(["CAP_SYS_ADMIN"], "clone", NEW_USER_NAMESPACE), ALLOW);
  assert.equal(answer(["CAP_SYS_ADMIN"], "clone3"), ALLOW);
  assert.equal(answer(["CAP_SYS_ADMIN"], "reboot"), EPERM);
  assert.equal(answer(["CAP_SYS_TIME"], "clock_settime"), ALLOW);
});

test("capabilities are added and dropped as docker does it", () => {
  const change = (add: readonly string[], drop: readonly string[]): string => {
    const changed = changeCapabilities(add, drop);
    return "names" in changed ? capabilityMask(changed.names).toString(16) : changed.unknown;
  };
  assert.equal(change([], []), "a80425fb");
  assert.equal(change([], ["ALL"]), "0");
  assert.equal(change(["net_bind_service"], ["all"]), "400");
  assert.equal(change([], ["CAP_MKNOD"]), "a00425fb");
  assert.equal(change(["SYS_ADMIN"], []), "a82425fb");
  assert.equal(change(["ALL"], []), "1ffffffffff");
  assert.equal(change(["SYS_NOTHING"], []), "SYS_NOTHING");
});
