import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { attach, newFileSystem } from "../../linux/mount.ts";
import { emulatorProgram, foreignArchitectures, registration, type Architecture } from "./architectures.ts";
import type { Emulator } from "./find-emulation.ts";

/** Where a container has the emulator that its command is run through, when the kernel cannot be told of it. */
export const EMULATOR_TARGET = "/dev/.sampan_emulator";
const HANDLERS = "/proc/sys/fs/binfmt_misc";

/**
 * Tells the kernel of an emulator, in this user namespace only: since Linux 6.7 each can have handlers of its own. They
 * last as long as the mount does. While the host's root is still there, whose emulator is opened by this.
 * Handlers of the machine count no more then, so the emulators beside it, of other architectures, are told as well.
 * @returns what to call when the container's /proc is mounted; undefined where the kernel refuses.
 */
export function registerEmulator(emulator: Emulator): (() => void) | undefined {
  let handlers: number;
  try {
    handlers = newFileSystem("binfmt_misc", {}, 0);
  } catch {
    return undefined;
  }
  if (!register(handlers, emulator, emulator.path)) return undefined;
  for (const other of foreignArchitectures()) {
    const path = join(dirname(emulator.path), emulatorProgram(other));
    if (other.emulator !== emulator.emulator && existsSync(path)) register(handlers, other, path);
  }
  return () => attach(handlers, HANDLERS);
}

function register(handlers: number, architecture: Architecture, path: string): boolean {
  try {
    writeFileSync(`/proc/self/fd/${handlers}/register`, registration(architecture, path));
    return true;
  } catch (error) {
    // Another sandbox of the same namespace was first.
    return (error as NodeJS.ErrnoException).code === "EEXIST";
  }
}
