import { release } from "node:os";

/** Containers are mounted by mount_setattr(2), of this version. */
export const NEEDED_KERNEL = "5.12";

/** Whether a kernel is of a version, `6.7`, or a later one. @param kernel as uname(2) tells it, `6.1.0-56-arm64` */
export function kernelHas(version: string, kernel: string = release()): boolean {
  const [major = 0, minor = 0] = numbers(kernel);
  const [wantedMajor = 0, wantedMinor = 0] = numbers(version);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

const numbers = (version: string): number[] => version.split(".").map((part) => Number.parseInt(part, 10));
