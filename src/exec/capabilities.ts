/** Docker's default capabilities (moby, oci/caps/defaults.go), a mask by the numbers of linux/capability.h. */
export const DEFAULT_CAPABILITIES: readonly { readonly name: string; readonly number: number }[] = [
  { name: "CAP_CHOWN", number: 0 },
  { name: "CAP_DAC_OVERRIDE", number: 1 },
  { name: "CAP_FOWNER", number: 3 },
  { name: "CAP_FSETID", number: 4 },
  { name: "CAP_KILL", number: 5 },
  { name: "CAP_SETGID", number: 6 },
  { name: "CAP_SETUID", number: 7 },
  { name: "CAP_SETPCAP", number: 8 },
  { name: "CAP_NET_BIND_SERVICE", number: 10 },
  { name: "CAP_NET_RAW", number: 13 },
  { name: "CAP_SYS_CHROOT", number: 18 },
  { name: "CAP_MKNOD", number: 27 },
  { name: "CAP_AUDIT_WRITE", number: 29 },
  { name: "CAP_SETFCAP", number: 31 },
];

/** The same as the kernel shows it in /proc/self/status: a80425fb. */
export const DEFAULT_CAPABILITY_MASK: bigint = DEFAULT_CAPABILITIES.reduce((mask, { number }) => mask | (1n << BigInt(number)), 0n);
