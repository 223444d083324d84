import { hostPlatform, type Platform } from "../../oci/platform.ts";
import { runsArm } from "./runs-arm.ts";

/** How programs of an architecture are known by their first bytes, and which of qemu's emulators runs them. */
export interface Architecture {
  /** qemu's name: `qemu-<name>-static`. */
  readonly emulator: string;
  /** Bits and byte order of the ELF header (System V ABI, e_ident). */
  readonly bits: 32 | 64;
  readonly order: "little" | "big";
  /** e_machine. */
  readonly machine: number;
}

/** By the names that images have for them. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  "386": { emulator: "i386", bits: 32, order: "little", machine: 3 },
  amd64: { emulator: "x86_64", bits: 64, order: "little", machine: 62 },
  arm: { emulator: "arm", bits: 32, order: "little", machine: 40 },
  arm64: { emulator: "aarch64", bits: 64, order: "little", machine: 183 },
  loong64: { emulator: "loongarch64", bits: 64, order: "little", machine: 258 },
  mips64: { emulator: "mips64", bits: 64, order: "big", machine: 8 },
  mips64le: { emulator: "mips64el", bits: 64, order: "little", machine: 8 },
  ppc64le: { emulator: "ppc64le", bits: 64, order: "little", machine: 21 },
  riscv64: { emulator: "riscv64", bits: 64, order: "little", machine: 243 },
  s390x: { emulator: "s390x", bits: 64, order: "big", machine: 22 },
};

/** Architectures whose programs every processor of one runs by itself. */
const NATIVE: Readonly<Record<string, readonly string[]>> = { amd64: ["amd64", "386"], arm64: ["arm64"] };

/** Whether this machine's processor runs commands of that platform. */
export function isNative(platform: Platform, host: Platform = hostPlatform(process.arch)): boolean {
  if (platform.os !== host.os) return false;
  return always(platform.architecture, host) || (platform.architecture === "arm" && host.architecture === "arm64" && runsArm());
}

function always(architecture: string, host: Platform): boolean {
  return (NATIVE[host.architecture] ?? [host.architecture]).includes(architecture);
}

/** All that this machine's processor may not run by itself. */
export function foreignArchitectures(): Architecture[] {
  const host = hostPlatform(process.arch);
  return Object.entries(ARCHITECTURES).filter(([name]) => !always(name, host)).map(([, architecture]) => architecture);
}

/** The emulator's name as a static program. */
export function emulatorProgram({ emulator }: Architecture): string {
  return `qemu-${emulator}-static`;
}

export function findArchitecture(name: string): Architecture | undefined {
  return Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
}

/**
 * The line that makes the kernel run programs of an architecture through an emulator (kernel, admin-guide/binfmt-misc.rst):
 * executables and shared objects, of any operating system byte. `F` opens the emulator now, so that no container
 * needs to have it; `P` hands it the command's own name as well.
 */
export function registration({ emulator, bits, order, machine }: Architecture, path: string): string {
  const little = order === "little";
  const halfWord = (value: number): number[] => (little ? [value & 255, value >> 8] : [value >> 8, value & 255]);
  const magic = [0x7f, 0x45, 0x4c, 0x46, bits / 32, little ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...halfWord(2), ...halfWord(machine)];
  const mask = [255, 255, 255, 255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 255, 255, 255, ...halfWord(0xfffe), 255, 255];
  const escaped = (bytes: readonly number[]): string => bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  return `:sampan-${emulator}:M::${escaped(magic)}:${escaped(mask)}:${path}:FP`;
}
