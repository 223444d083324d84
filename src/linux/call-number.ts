/** x86-64's number, then arm64's, of asm-generic/unistd.h. Calls that came after Linux 5.0 have one number on all processors. */
const NUMBERS = {
  clone: [56, 220], ioprio_get: [252, 31], keyctl: [250, 219], seccomp: [317, 277], setgroups: [116, 159], setresgid: [119, 149], setresuid: [117, 147],
} as const;

/** None of any processor: the kernel answers with ENOSYS. */
const NO_CALL = -1;

/** The number of a system call for syscall(2). On a processor whose numbers are not known here it is that of no call: not by chance that of another one. */
export function callNumber(name: keyof typeof NUMBERS, arch: string = process.arch): number {
  const [x64, arm64] = NUMBERS[name];
  switch (arch) {
    case "x64": return x64;
    case "arm64": return arm64;
    default: return NO_CALL;
  }
}
