import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const pipe2 = libc("int pipe2(_Out_ int *ends, int flags)");
const socketpair = libc("int socketpair(int domain, int type, int protocol, _Out_ int *ends)");

const O_CLOEXEC = 0o2000000;

/**
 * A pipe whose ends close on exec. Node's own pipes to children are sockets, which a command cannot
 * open again as /dev/stdout.
 */
export function createPipe(): { readonly read: number; readonly write: number } {
  const ends = [0, 0];
  if (pipe2(ends, O_CLOEXEC) !== 0) throwErrno("pipe2");
  return { read: ends[0]!, write: ends[1]! };
}

/** Two sockets that are joined to each other; they close on exec. */
export function createSocketPair(): readonly [number, number] {
  const AF_UNIX = 1;
  const SOCK_STREAM = 1;
  const ends = [0, 0];
  if (socketpair(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0, ends) !== 0) throwErrno("socketpair");
  return [ends[0]!, ends[1]!];
}
