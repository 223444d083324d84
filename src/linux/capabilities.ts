import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const prctl = libc("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)");
const capset = libc("int capset(const uint8_t *header, const uint8_t *data)");

const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** Drops every capability that is not in the mask from the bounding set, for good. Needs CAP_SETPCAP. */
export function limitBoundingSet(mask: bigint): void {
  for (let capability = 0; capability < 64; capability += 1) {
    if ((mask >> BigInt(capability)) & 1n) continue;
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) return; // one more than the kernel knows
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) !== 0) throwErrno("prctl(PR_CAPBSET_DROP)");
  }
}

/** What the bounding set of this process has: all that a command can get. */
export function heldCapabilities(): bigint {
  let mask = 0n;
  for (let capability = 0; capability < 64; capability += 1) {
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) === 1) mask |= 1n << BigInt(capability);
  }
  return mask;
}

/** Sets permitted and effective capabilities of this thread to the mask, and clears the inheritable and ambient ones. */
export function setCapabilities(mask: bigint): void {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const low = Number(mask & 0xffff_ffffn);
  const high = Number(mask >> 32n);
  const header = new Uint8Array(new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]).buffer);
  const data = new Uint8Array(new Uint32Array([low, low, 0, high, high, 0]).buffer);
  if (capset(header, data) !== 0) throwErrno("capset");
}
