import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let known: boolean | undefined;

/**
 * Whether this machine of arm64 runs the 32-bit programs of arm by itself. Not all do: newer processors have no such mode, and
 * kernels with pages of 64 KiB leave it out. So a program that does nothing is tried, once.
 */
export function runsArm(arch: string = process.arch): boolean {
  if (arch !== "arm64") return false;
  return (known ??= !isEmulated() && ends(armProgram()));
}

/** Whether the kernel hands such programs to an emulator, which containers need not have: then an end of one tells nothing of the processor. */
export function isEmulated(folder = "/proc/sys/fs/binfmt_misc"): boolean {
  try {
    return readdirSync(folder).filter((name) => name !== "register").some((name) => HANDLER.test(readFileSync(join(folder, name), "utf8")));
  } catch {
    return false; // the file system of handlers is not mounted
  }
}

/** A handler for ELF of 32 bits, little-endian, EM_ARM, as the kernel shows it. */
const HANDLER = /^enabled\n[^]*^magic 7f454c460101[0-9a-f]{24}2800/m;

/** A program of arm that ends with status 0: an ELF header, one program header and three instructions. */
export function armProgram(): Buffer {
  const [headers, address] = [84, 0x1_0000];
  const code = Buffer.from("0000a0e30170a0e3000000ef", "hex"); // mov r0, #0; mov r7, #1 (exit); svc 0
  const file = Buffer.concat([Buffer.alloc(headers), code]);
  file.write("7f454c46010101", 0, "hex"); // 32 bits, little-endian
  const halfWords = [[16, 2], [18, 40], [40, 52], [42, 32], [44, 1]] as const; // ET_EXEC, EM_ARM, sizes of the headers, one program header
  for (const [at, value] of halfWords) file.writeUInt16LE(value, at);
  const size = file.length;
  // Version, entry, program headers at, flags (EABI 5); then PT_LOAD, its address twice, its size twice, readable and executable, alignment.
  const words = [[20, 1], [24, address + headers], [28, 52], [36, 0x500_0000], [52, 1], [60, address], [64, address], [68, size], [72, size], [76, 5], [80, 0x1000]] as const;
  for (const [at, value] of words) file.writeUInt32LE(value, at);
  return file;
}

/** Whether a program can be executed here and ends well; not where nothing can be written to be executed. */
function ends(program: Buffer): boolean {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), "sampan-arm-"));
    const path = join(folder, "program");
    writeFileSync(path, program, { mode: 0o700 });
    return spawnSync(path, { stdio: "ignore" }).status === 0;
  } catch {
    return false;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
