import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../linux/find-program.ts";
import { handlersWantNamespace } from "../../linux/nested-namespace.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import { fault } from "../../std/fault.ts";
import { emulatorProgram, findArchitecture, isNative, type Architecture } from "./architectures.ts";

/** What runs programs of another architecture. */
export interface Emulator extends Architecture {
  /** The emulator on this machine: a static program. */
  readonly path: string;
}

const HANDLERS = "/proc/sys/fs/binfmt_misc";

/**
 * What commands of a platform need to run here; undefined where the processor or the machine's kernel runs them.
 * @throws PLATFORM_NOT_LINUX, EMULATOR_MISSING
 */
export function findEmulation(platform: Platform): Emulator | undefined {
  if (isNative(platform)) return undefined;
  if (platform.os !== "linux") throw fault("PLATFORM_NOT_LINUX", { platform: formatPlatform(platform) });
  const architecture = findArchitecture(platform.architecture);
  if (architecture && kernelHandler(architecture)) return undefined;
  const path = architecture && findProgram(emulatorProgram(architecture));
  if (!path) throw fault("EMULATOR_MISSING", { platform: formatPlatform(platform), program: architecture && emulatorProgram(architecture) });
  return { ...architecture, path };
}

/** Whether commands of a platform run in sandboxes of another kind than those of this machine's own. */
export function isEmulatedApart(platform: Platform): boolean {
  if (isNative(platform) || !handlersWantNamespace()) return false;
  try {
    return findEmulation(platform) !== undefined;
  } catch {
    return false; // whoever runs one is told
  }
}

/** A handler of the machine that works in every container: one whose emulator is open already. */
export function kernelHandler({ bits, order, machine }: Architecture, folder = HANDLERS): string | undefined {
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => name !== "register" && name !== "status");
    if (!readFileSync(join(folder, "status"), "utf8").startsWith("enabled")) return undefined;
  } catch {
    return undefined; // not mounted, or nothing a user may see: then the kernel is not relied upon
  }
  return names.find((name) => {
    try {
      return handles(readFileSync(join(folder, name), "utf8"), { bits, order, machine });
    } catch {
      return false;
    }
  });
}

/** @param text an entry as the kernel shows it: `enabled`, `flags: F`, `offset 0`, `magic 7f454c46…` */
function handles(text: string, { bits, order, machine }: Omit<Architecture, "emulator">): boolean {
  const magic = Buffer.from(/^magic ([0-9a-f]+)$/m.exec(text)?.[1] ?? "", "hex");
  if (!/^enabled$/m.test(text) || !/^flags: \S*F/m.test(text) || !/^offset 0$/m.test(text) || magic.length < 20) return false;
  const own = order === "little" ? magic.readUInt16LE(18) : magic.readUInt16BE(18);
  return magic.toString("latin1", 0, 4) === "\x7fELF" && magic[4] === bits / 32 && magic[5] === (order === "little" ? 1 : 2) && own === machine;
}
