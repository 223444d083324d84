import { writeFileSync } from "node:fs";
import { attach, newFileSystem } from "../../linux/mount.ts";
import { registration } from "./architectures.ts";
import type { Emulator } from "./find-emulation.ts";

/** Where a container has the emulator that its command is run through, when the kernel cannot be told of it. */
export const EMULATOR_TARGET = "/dev/.sampan_emulator";
const HANDLERS = "/proc/sys/fs/binfmt_misc";

/**
 * Tells the kernel of an emulator, in this user namespace only: since Linux 6.7 each can have handlers of its own. They
 * last as long as the mount does. While the host's root is still there, whose emulator is opened by this.
 * @returns what to call when the container's /proc is mounted; undefined where the kernel refuses.
 */
export function registerEmulator(emulator: Emulator): (() => void) | undefined {
  let handlers: number;
  try {
    handlers = newFileSystem("binfmt_misc", {}, 0);
  } catch {
    return undefined;
  }
  try {
    writeFileSync(`/proc/self/fd/${handlers}/register`, registration(emulator, emulator.path));
  } catch (error) {
    // Another sandbox of the same namespace was first.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return undefined;
  }
  return () => attach(handlers, HANDLERS);
}
