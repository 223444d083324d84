import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const pipe2 = libc("int pipe2(_Out_ int *ends, int flags)");

/**
 * A pipe whose ends close on exec. Node's own pipes to children are sockets, which a command cannot
 * open again as /dev/stdout.
 */
export function createPipe(): { readonly read: number; readonly write: number } {
  const O_CLOEXEC = 0o2000000;
  const ends = [0, 0];
  if (pipe2(ends, O_CLOEXEC) !== 0) throwErrno("pipe2");
  return { read: ends[0]!, write: ends[1]! };
}
