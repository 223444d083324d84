import { constants } from "node:os";
import { errno, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const F_DUPFD_CLOEXEC = 1030;
const MSG_DONTWAIT = 0x40;
const SYNC_FILE_RANGE_WRITE = 2;
const POSIX_FADV_WILLNEED = 3;
const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;

const fcntl = libc("int fcntl(int fd, int command, long argument)");
const recv = libc("long recv(int fd, void *into, size_t length, int flags)");
const sendfile = libc("long sendfile(int socket, int file, void *offset, size_t length)");
const pollCall = libc("int poll(void *waiting, unsigned long count, int timeout)");
const eventfd = libc("int eventfd(unsigned int value, int flags)");
const syncFileRange = libc("int sync_file_range(int fd, int64_t offset, int64_t length, unsigned int flags)");
const posixFadvise = libc("int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)");

export const POLLIN = 1;
export const POLLOUT = 4;

/** Another descriptor of the same open file or socket: what it names stays open when the first one is closed. */
export function duplicate(fd: number): number {
  const copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? throwErrno("fcntl", String(fd)) : copy;
}

/** A descriptor that is readable once 8 bytes, a number, were written to it. */
export function createEvent(): number {
  const fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd < 0 ? throwErrno("eventfd") : fd;
}

/** Reads what has come. @returns 0 at the end of the stream; undefined when nothing is there yet */
export function receiveBytes(socket: number, into: Uint8Array, length: number): number | undefined {
  const count = recv(socket, into, length, MSG_DONTWAIT);
  return count < 0 ? unlessBlocked("recv") : count;
}

/** Sends a part of a file over a socket that does not block. @returns undefined when the socket takes nothing now, 0 at the end of the file */
export function sendFromFile(socket: number, file: number, { position, length }: { position: number; length: number }): number | undefined {
  const count = sendfile(socket, file, BigInt64Array.of(BigInt(position)), length);
  return count < 0 ? unlessBlocked("sendfile") : count;
}

/**
 * Waits until one of the descriptors is ready, for `timeout` milliseconds at most.
 * @param waiting pairs of descriptor and POLLIN or POLLOUT
 * @returns which of them are ready, or broken
 */
export function pollDescriptors(waiting: readonly (readonly [fd: number, events: number])[], timeout: number): readonly boolean[] {
  const table = Buffer.alloc(8 * waiting.length);
  waiting.forEach(([fd, events], index) => {
    table.writeInt32LE(fd, 8 * index);
    table.writeInt16LE(events, 8 * index + 4);
  });
  if (pollCall(table, waiting.length, timeout) < 0) {
    unlessBlocked("poll");
    return waiting.map(() => false);
  }
  return waiting.map((_, index) => table.readInt16LE(8 * index + 6) !== 0);
}

/** Has the kernel begin to write a part of a file to the disk; a file system that does not know how is no error. */
export function startWriting(fd: number, position: number, length: number): void {
  syncFileRange(fd, position, length, SYNC_FILE_RANGE_WRITE);
}

/** Has the kernel begin to read a part of a file. */
export function startReading(fd: number, position: number, length: number): void {
  posixFadvise(fd, position, length, POSIX_FADV_WILLNEED);
}

function unlessBlocked(syscall: string): undefined {
  const { EAGAIN, EINTR } = constants.errno;
  const number = errno();
  if (number !== EAGAIN && number !== EINTR) throwErrno(syscall);
  return undefined;
}
