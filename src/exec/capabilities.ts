/** All capabilities in the order of their numbers (linux/capability.h). */
const ALL = `
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
`.trim().split(/\s+/).map((name) => `CAP_${name}`);

/** Docker's default capabilities (moby, oci/caps/defaults.go). */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP",
].map((name) => `CAP_${name}`);

/** A mask by the numbers of names, as the kernel shows it in /proc/self/status: a80425fb for the default ones. */
export function capabilityMask(names: readonly string[] = DEFAULT_CAPABILITIES): bigint {
  return names.reduce((mask, name) => mask | (1n << BigInt(ALL.indexOf(name))), 0n);
}

/** The names of a mask; bits that have none are left out. */
export function capabilityNames(mask: bigint): string[] {
  return ALL.filter((_, number) => (mask >> BigInt(number)) & 1n);
}

/**
 * What --cap-add and --cap-drop make of the default capabilities, by Docker's rules: ALL stands for every one, and
 * what is added stays even where ALL is dropped.
 * @returns the names, or the first word that is none.
 */
export function changeCapabilities(add: readonly string[], drop: readonly string[]): { readonly names: readonly string[] } | { readonly unknown: string } {
  const [added, dropped] = [add.map(fullName), drop.map(fullName)];
  const unknown = [...added, ...dropped].findIndex((name) => name !== "CAP_ALL" && !ALL.includes(name));
  if (unknown >= 0) return { unknown: [...add, ...drop][unknown]! };
  const start = added.includes("CAP_ALL") ? ALL : dropped.includes("CAP_ALL") ? [] : DEFAULT_CAPABILITIES;
  const kept = start.filter((name) => !dropped.includes(name));
  const names = new Set([...kept, ...added.filter((name) => name !== "CAP_ALL")]);
  return { names: ALL.filter((name) => names.has(name)) };
}

function fullName(word: string): string {
  const name = word.toUpperCase();
  return name.startsWith("CAP_") ? name : `CAP_${name}`;
}
