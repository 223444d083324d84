import { closeSync } from "node:fs";
import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const unshareCall = libc("int unshare(int flags)");
const socketCall = libc("int socket(int family, int type, int protocol)");
const ioctlCall = libc("int ioctl(int fd, unsigned long request, const uint8_t *argument)");

/** Leaves the network for a new one that has a loopback interface only. For this thread and what it executes. */
export function enterOwnNetwork(): void {
  const CLONE_NEWNET = 0x4000_0000;
  if (unshareCall(CLONE_NEWNET) !== 0) throwErrno("unshare(CLONE_NEWNET)");
  raiseLoopback();
}

function raiseLoopback(): void {
  const [AF_INET, SOCK_DGRAM, SOCK_CLOEXEC, SIOCSIFFLAGS, IFF_UP] = [2, 2, 0o2000000, 0x8914, 1];
  const fd = socketCall(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throwErrno("socket");
  try {
    const request = Buffer.alloc(40); // struct ifreq: a name of 16 bytes, then the flags
    request.write("lo");
    request.writeInt16LE(IFF_UP, 16);
    if (ioctlCall(fd, SIOCSIFFLAGS, request) !== 0) throwErrno("ioctl(SIOCSIFFLAGS)", "lo");
  } finally {
    closeSync(fd);
  }
}
