import { closeSync, constants, openSync } from "node:fs";
import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const ioctlCall = libc("int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)");
const dup2Call = libc("int dup2(int from, int to)");
const setsidCall = libc("int setsid(void)");
const ioctlNumber = libc("int ioctl(int fd, unsigned long request, intptr_t argument)");

const TIOCSCTTY = 0x540e;
const TIOCSWINSZ = 0x5414;
const TIOCGPTN = 0x8004_5430;
const TIOCSPTLCK = 0x4004_5431;

/** Makes a pair of pseudo-terminals in the devpts at /dev/pts. */
export function createTerminal(): { readonly controller: number; readonly path: string } {
  const controller = openSync("/dev/pts/ptmx", constants.O_RDWR | constants.O_NOCTTY);
  const value = Buffer.alloc(4);
  if (ioctlCall(controller, TIOCSPTLCK, value) !== 0) throwErrno("ioctl(TIOCSPTLCK)");
  if (ioctlCall(controller, TIOCGPTN, value) !== 0) throwErrno("ioctl(TIOCGPTN)");
  return { controller, path: `/dev/pts/${value.readUInt32LE()}` };
}

/** Starts a session of its own. */
export function newSession(): void {
  if (setsidCall() < 0) throwErrno("setsid");
}

/** Makes a terminal the controlling one of this session and its three standard descriptors. */
export function standOnTerminal(path: string): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
  if (ioctlNumber(fd, TIOCSCTTY, 0) !== 0) throwErrno("ioctl(TIOCSCTTY)", path);
  for (const target of [0, 1, 2]) if (dup2Call(fd, target) < 0) throwErrno("dup2", path);
  closeSync(fd);
}

export function setTerminalSize(fd: number, columns: number, rows: number): void {
  const size = Buffer.alloc(8); // struct winsize: rows, columns, two unused fields
  size.writeUInt16LE(rows, 0);
  size.writeUInt16LE(columns, 2);
  if (ioctlCall(fd, TIOCSWINSZ, size) !== 0) throwErrno("ioctl(TIOCSWINSZ)");
}
