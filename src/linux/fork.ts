import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { callNumber } from "./call-number.ts";
import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const cloneCall = libc("long syscall(long number, unsigned long flags, unsigned long stack, unsigned long parentId, unsigned long a, unsigned long b)");
const madviseCall = libc("int madvise(uintptr_t address, size_t length, int advice)");
const waitpidCall = libc("int waitpid(int pid, _Out_ int *status, int options)");
const pollCall = libc("int poll(_Inout_ uint8_t *descriptors, unsigned long count, int timeout)");

export const CLONE = { NEWNS: 0x2_0000, NEWUTS: 0x400_0000, NEWIPC: 0x800_0000, NEWPID: 0x2000_0000 } as const;

const SIGCHLD = 17;
const MADV_DOFORK = 11;

/** By all names that they have in V8 12.4 (Node 22) to 14.6 (Node 26). */
const ALONE = [
  "--single-threaded", "--single-threaded-gc", "--no-opt", "--no-maglev", "--no-sparkplug", "--no-concurrent-recompilation", "--no-concurrent-sparkplug",
  "--no-concurrent-osr", "--no-concurrent-marking", "--no-concurrent-minor-ms-marking", "--no-concurrent-sweeping", "--no-concurrent-array-buffer-sweeping",
  "--no-concurrent-cache-deserialization", "--no-parallel-scavenge", "--no-parallel-marking", "--no-parallel-compaction", "--no-parallel-pointer-update",
  "--no-parallel-weak-ref-clearing", "--no-parallel-gc-clearing", "--no-parallel-reclaim-unmodified-wrappers", "--no-parallel-pause-for-gc-in-background",
];

/**
 * Makes V8 leave nothing to its other threads, which a copy of this process does not have: it would wait for them for ever, as
 * when it collects garbage. Flags on the command line would do the same, but then Node compiles its own modules anew at its start.
 * Each is set by itself: behind one that V8 does not know, of which it tells on standard error, it reads no other.
 */
export function workAlone(): void {
  for (const flag of ALONE) setFlagsFromString(flag);
}

/**
 * Lets copies of this process have all of its memory: V8 excludes its heap from fork(2). To be called right before each
 * {@link forkProcess}, since the heap may have grown.
 */
export function allowFork(): void {
  for (let before = "", maps = readMaps(); maps !== before; maps = readMaps()) {
    before = maps;
    // V8's memory is anonymous. Other memory that cannot be copied is nobody's concern.
    for (const [, start, end] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) \S+ 00000000 00:00 0 *(?:\[anon.*\])?$/gm)) {
      const address = Number.parseInt(start!, 16);
      madviseCall(address, Number.parseInt(end!, 16) - address, MADV_DOFORK);
    }
  }
}

/** Milliseconds that threads at work are waited for. They have a collection of garbage to end, or their own start. */
const LONGEST_WORK = 1000;

/**
 * Waits until all other threads of this process sleep: whatever one of them works at it may hold a lock, such as that of the
 * allocator, which nobody would give back in a copy. To be called right before each {@link forkProcess}.
 */
export function awaitSleep(): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < LONGEST_WORK && !othersSleep(); waited += 1) Atomics.wait(nothing, 0, 0, 1);
}

function othersSleep(): boolean {
  const self = readlinkSync("/proc/self");
  return readdirSync("/proc/self/task").every((thread) => thread === self || stateOf(thread) === "S");
}

/** The letter of proc_pid_stat(5), behind the name in brackets; one that has ended sleeps for good. */
function stateOf(thread: string): string {
  try {
    const text = readFileSync(`/proc/self/task/${thread}/stat`, "latin1");
    return text[text.lastIndexOf(")") + 2]!;
  } catch {
    return "S";
  }
}

function readMaps(): string {
  return readFileSync("/proc/self/maps", "latin1");
}

/**
 * Copies this process into new namespaces. The copy may run synchronous code that does not need Node's event loop or
 * its threads, and ends by _exit(2) or execve(2).
 * @returns the number of the copy; 0 in the copy
 */
export function forkProcess(namespaces: number): number {
  const pid = Number(cloneCall(callNumber("clone"), namespaces | SIGCHLD, 0, 0, 0, 0));
  return pid >= 0 ? pid : throwErrno("clone");
}

/** Waits until one of the descriptors can be read, which a process's (pidfd.ts) can when it has ended. @returns those that can */
export function waitForAny(descriptors: readonly number[]): number[] {
  const POLLIN = 1;
  const structures = Buffer.alloc(8 * descriptors.length); // struct pollfd: fd, 32 bits; events and what came of it, 16 bits each
  descriptors.forEach((fd, index) => {
    structures.writeInt32LE(fd, 8 * index);
    structures.writeInt16LE(POLLIN, 8 * index + 4);
  });
  if (pollCall(structures, descriptors.length, -1) < 0) throwErrno("poll");
  return descriptors.filter((_, index) => structures.readInt16LE(8 * index + 6) !== 0);
}

/** Waits for a child's end. @returns its status as a shell would say it, 128 + signal number after a signal */
export function exitStatus(pid: number): number {
  const status = [0];
  if (waitpidCall(pid, status, 0) !== pid) throwErrno("waitpid");
  const signal = status[0]! & 0x7f;
  return signal === 0 ? (status[0]! >> 8) & 0xff : 128 + signal;
}
