import { release } from "node:os";
import { kernelHas, NEEDED_KERNEL } from "../linux/kernel-version.ts";
import { fault } from "../std/fault.ts";

/** Why a container could not be set up. @returns SANDBOX_FAILED, which names the kernel where that is too old, whatever it was that failed */
export function setupFailure(step: string, problem: string, kernel: string = release()): Error {
  return fault("SANDBOX_FAILED", { step, problem, ...(kernelHas(NEEDED_KERNEL, kernel) ? {} : { kernel, needed: NEEDED_KERNEL }) });
}
