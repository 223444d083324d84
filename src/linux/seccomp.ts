import { callNumber } from "./call-number.ts";
import { addressOf, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";
import { syscallNumbers, type SyscallAbi } from "./syscall-numbers.ts";

/** Which system calls a process may make. Rules of one call are alternatives; conditions of one rule must all hold. */
export interface SeccompProfile {
  /** What a call fails with that no rule allows. */
  readonly defaultErrno: number;
  readonly rules: readonly SeccompRule[];
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: "allow" | { readonly errno: number };
  readonly conditions?: readonly SeccompCondition[];
}

/** About argument `index`, counted from 0, as an unsigned number of 64 bits. */
export type SeccompCondition =
  | { readonly index: number; readonly operation: "equal" | "less"; readonly value: bigint }
  | { readonly index: number; readonly operation: "masked"; readonly mask: bigint; readonly value: bigint };

/** One instruction of classic BPF, `struct sock_filter` (linux/filter.h). */
export interface Instruction { readonly code: number; readonly jt: number; readonly jf: number; readonly k: number }

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP = 0x05; // BPF_JMP | BPF_JA
const JUMP_EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const AND = 0x54; // BPF_ALU | BPF_AND | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K

const RET_KILL_PROCESS = 0x8000_0000;
const RET_ERRNO = 0x0005_0000;
const RET_ALLOW = 0x7fff_0000;
const ENOSYS = 38;

// Offsets in struct seccomp_data; both architectures are little-endian.
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (index: number): { low: number; high: number } => ({ low: 16 + 8 * index, high: 20 + 8 * index });

const AUDIT_ARCH: Readonly<Record<SyscallAbi, number>> = { x64: 0xc000_003e, ia32: 0x4000_0003, arm64: 0xc000_00b7, arm: 0x4000_0028 };
const ABIS: Readonly<Record<string, readonly SyscallAbi[]>> = { x64: ["x64", "ia32"], arm64: ["arm64", "arm"] };

/** Whether programs can be made for an architecture of Node. */
export function canFilter(arch: string = process.arch): boolean {
  return Object.hasOwn(ABIS, arch);
}

/**
 * The BPF program of a profile for an architecture of Node (`x64`, `arm64`), its 32-bit sibling included. Calls
 * above the highest number that the profile knows fail with ENOSYS, so that programs fall back from calls that
 * are newer than the profile, as under runc; a foreign architecture kills the process.
 */
export function assembleFilter(profile: SeccompProfile, arch: string = process.arch): Instruction[] {
  const program = [instruction(LOAD, ARCHITECTURE)];
  for (const abi of ABIS[arch] ?? []) {
    const body = [instruction(LOAD, NUMBER), ...decide(ranges(profile, abi))];
    program.push(instruction(JUMP_EQUAL, AUDIT_ARCH[abi], 1, 0), instruction(JUMP, body.length), ...body);
  }
  return [...program, instruction(RETURN, RET_KILL_PROCESS)];
}

/**
 * Puts a filter on every thread of this process, for good. Needs CAP_SYS_ADMIN, or no_new_privs set.
 * @param instructions as {@link encodeFilter} makes them
 */
export function installFilter(instructions: Uint8Array): void {
  const SECCOMP_SET_MODE_FILTER = 1;
  const SECCOMP_FILTER_FLAG_TSYNC = 1;
  const header = Buffer.alloc(16); // struct sock_fprog: a length of 16 bits, then a pointer at offset 8
  header.writeUInt16LE(instructions.length / 8, 0);
  header.writeBigUInt64LE(addressOf(instructions), 8);
  const result = Number(seccompCall(callNumber("seccomp"), SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, header));
  if (result !== 0) throwErrno("seccomp");
}

const seccompCall = libc("long syscall(long number, unsigned long operation, unsigned long flags, const uint8_t *program)");

/** A program as the kernel takes it. */
export function encodeFilter(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, jt, jf, k }, index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jt, index * 8 + 2);
    bytes.writeUInt8(jf, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  return bytes;
}

/** From this number on up to the next range's start, this code decides. */
interface Range { readonly start: number; readonly key: string; readonly code: readonly Instruction[] }

/** Neighbouring numbers with the same fate, in order; the first starts at 0. */
function ranges(profile: SeccompProfile, abi: SyscallAbi): Range[] {
  const numbers = syscallNumbers(abi);
  const rulesByNumber = new Map<number, SeccompRule[]>();
  for (const rule of profile.rules) {
    for (const name of rule.names) {
      const number = numbers.get(name);
      if (number === undefined) continue;
      const others = rulesByNumber.get(number);
      if (others) others.push(rule);
      else rulesByNumber.set(number, [rule]);
    }
  }
  const refuse = [instruction(RETURN, RET_ERRNO | profile.defaultErrno)];
  const list: Range[] = [];
  const add = (start: number, key: string, code: readonly Instruction[]): void => {
    if (list.at(-1)?.key !== key) list.push({ start, key, code });
  };
  let next = 0;
  for (const number of [...rulesByNumber.keys()].sort((a, b) => a - b)) {
    if (number > next) add(next, "refuse", refuse);
    const rules = rulesByNumber.get(number)!;
    if (rules.every(({ conditions, action }) => conditions === undefined && action === "allow")) {
      add(number, "allow", [instruction(RETURN, RET_ALLOW)]);
    } else add(number, String(number), [...rules.flatMap(ruleCode), ...refuse]);
    next = number + 1;
  }
  add(next, "unknown", [instruction(RETURN, RET_ERRNO | ENOSYS)]);
  return list;
}

/** A binary search over the ranges; the number is in the accumulator. */
function decide(list: readonly Range[]): Instruction[] {
  if (list.length === 1) return [...list[0]!.code];
  const middle = list.length >> 1;
  const lower = decide(list.slice(0, middle));
  const upper = decide(list.slice(middle));
  return [instruction(JUMP_AT_LEAST, list[middle]!.start, 0, 1), instruction(JUMP, lower.length), ...lower, ...upper];
}

/** Returns the rule's action where all conditions hold, else goes on behind itself. */
function ruleCode({ conditions = [], action }: SeccompRule): Instruction[] {
  let code = [instruction(RETURN, action === "allow" ? RET_ALLOW : RET_ERRNO | action.errno)];
  for (const condition of conditions.toReversed()) code = conditionCode(condition, code);
  return code;
}

/** `then` behind a check that jumps over it when the condition does not hold. */
function conditionCode(condition: SeccompCondition, then: readonly Instruction[]): Instruction[] {
  const { low, high } = argument(condition.index);
  const highValue = Number(condition.value >> 32n);
  const lowValue = Number(condition.value & 0xffff_ffffn);
  if (condition.operation === "masked") {
    const { mask } = condition;
    const lowCheck = [instruction(LOAD, low), instruction(AND, Number(mask & 0xffff_ffffn)), instruction(JUMP_EQUAL, lowValue, 0, then.length), ...then];
    return [instruction(LOAD, high), instruction(AND, Number(mask >> 32n)), instruction(JUMP_EQUAL, highValue, 0, lowCheck.length), ...lowCheck];
  }
  if (condition.operation === "less" && highValue !== 0) throw new RangeError("a limit above 32 bits is not needed by any profile");
  const lowJump = condition.operation === "equal"
    ? instruction(JUMP_EQUAL, lowValue, 0, then.length)
    : instruction(JUMP_AT_LEAST, lowValue, then.length, 0);
  const lowCheck = [instruction(LOAD, low), lowJump, ...then];
  return [instruction(LOAD, high), instruction(JUMP_EQUAL, highValue, 0, lowCheck.length), ...lowCheck];
}

function instruction(code: number, k: number, jt = 0, jf = 0): Instruction {
  return { code, jt, jf, k: k >>> 0 };
}
