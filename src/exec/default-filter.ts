import { assembleFilter, encodeFilter } from "../linux/seccomp.ts";
import { DEFAULT_PROFILE } from "./seccomp-profile.ts";

/** The filter of Docker's default profile for this machine. In the bundle it is ready made (scripts/bundle.cjs): each RUN waits for it. */
export function defaultFilter(arch: string = process.arch): Uint8Array {
  return encodeFilter(assembleFilter(DEFAULT_PROFILE, arch));
}
