import { existsSync } from "node:fs";
import { findProgram } from "./find-program.ts";

/** Debian's busybox-static for arm64, where `.ci/run` puts it. */
export const ARM64_BUSYBOX = process.env["SAMPAN_TEST_ARM64_BUSYBOX"] ?? "/var/cache/sampan-tests/busybox-arm64";

/** Why commands of arm64 cannot be run here, or false. */
export const noArm64: string | false =
  process.arch === "arm64" ? "runs arm64 natively"
    : !existsSync(ARM64_BUSYBOX) ? "needs Debian's busybox-static for arm64 (.ci/run fetches it)"
      : findProgram("qemu-aarch64-static") === undefined ? "needs qemu-aarch64-static (Debian's qemu-user-static)"
        : false;
