import { existsSync } from "node:fs";
import { findProgram } from "./find-program.ts";

/** Debian's busybox-static for other architectures, where `.ci/run` puts it. */
export const ARM64_BUSYBOX = process.env["SAMPAN_TEST_ARM64_BUSYBOX"] ?? "/var/cache/sampan-tests/busybox-arm64";
export const ARM_BUSYBOX = process.env["SAMPAN_TEST_ARM_BUSYBOX"] ?? "/var/cache/sampan-tests/busybox-armhf";

/** Why commands of arm64 cannot be run here, or false. */
export const noArm64 = process.arch === "arm64" ? "runs arm64 natively" : reasonWithout("arm64", ARM64_BUSYBOX, "qemu-aarch64-static");

/** Why commands of 32-bit arm cannot be run here, or false. */
export const noArm = reasonWithout("armhf", ARM_BUSYBOX, "qemu-arm-static");

function reasonWithout(architecture: string, busybox: string, emulator: string): string | false {
  return !existsSync(busybox) ? `needs Debian's busybox-static for ${architecture} (.ci/run fetches it)`
    : findProgram(emulator) === undefined ? `needs ${emulator} (Debian's qemu-user-static)`
      : false;
}
