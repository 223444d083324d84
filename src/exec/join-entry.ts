// What runs a further command in a container: it is started in the container's PID, IPC, UTS and network namespaces,
// in a mount namespace of its own that shows the host, and with all rights. The container's processes can see it from
// then on, so it hides at once; everything that it needs is loaded before it enters the container's files.
import { fstatSync, readlinkSync, statSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { bindDeclared } from "../linux/libc.ts";
import { MOUNT_ATTR, restrictMount } from "../linux/mount.ts";
import { enterMountNamespace, enterNamespace } from "../linux/namespace.ts";
import { endAtOnce, hideProcess } from "../linux/process.ts";
import { assembleFilter, encodeFilter } from "../linux/seccomp.ts";
import { newSession } from "../linux/terminal.ts";
import { becomeCommand } from "./become-command.ts";
import { defaultFilter } from "./default-filter.ts";
import { failure, openTerminal, readLine, report } from "./sandbox-channel.ts";
import type { JoinJob } from "./sandbox-job.ts";
import { profileFor } from "./seccomp-profile.ts";

/** The container's mount and cgroup namespaces. */
const MOUNTS = 4;
const CGROUPS = 5;

hideProcess();
report({ kind: "ready", pid: Number(readlinkSync("/proc/self")) });
bindDeclared();
flushCompileCache();
process.umask(0o022);
const job = JSON.parse(readLine()) as JoinJob;
try {
  // A command that runs /proc/self/exe gets this Node: its file must not be writable from inside (CVE-2019-5736).
  restrictMount("/", MOUNT_ATTR.RDONLY, { recursive: true });
  if (isOther(CGROUPS)) enterNamespace(CGROUPS, "cgroup");
  enterMountNamespace(MOUNTS);
  newSession();
  if (job.terminal) openTerminal();
  const filter = job.capabilities === undefined ? defaultFilter() : encodeFilter(assembleFilter(profileFor(job.capabilities)));
  becomeCommand(job, filter, { makeFolder: false });
} catch (error) {
  report(failure(error));
  endAtOnce(125);
}

/** With --cgroupns=host the container has that of this machine, which an ordinary user's root may not enter, and is in. Some kernels have none. */
function isOther(fd: number): boolean {
  const own = statSync("/proc/self/ns/cgroup", { throwIfNoEntry: false });
  return own !== undefined && fstatSync(fd).ino !== own.ino;
}
