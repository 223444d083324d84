import { fchownSync, fstatSync } from "node:fs";
import { limitBoundingSet, setCapabilities } from "../linux/capabilities.ts";
import { setThreadGroups, setThreadIds } from "../linux/credentials.ts";
import { dieWithParent, execute, leaveKeyring, limitOpenFiles, openAs, passStandardDescriptors, restoreSignals, setHostname } from "../linux/process.ts";
import { installFilter, type Instruction } from "../linux/seccomp.ts";
import { DEFAULT_CAPABILITY_MASK } from "./capabilities.ts";
import { containerUser, makeFolder, readIdMaps, withMissing } from "./container-user.ts";
import { findCommand, notStarted } from "./find-command.ts";
import type { SandboxJob } from "./sandbox-job.ts";
import type { ProcessUser } from "./user.ts";

const OPEN_FILES = 1_048_576;

/** Gives up every right that a container has not, and executes the command; the root is the container's already. */
export function becomeCommand(job: SandboxJob, filter: readonly Instruction[]): never {
  const user = containerUser(job.user, readIdMaps());
  const env = withMissing(job.env, [`HOME=${user.home}`]); // as the OCI runtimes do it
  setHostname(job.hostname);
  // So far it is the host's, whose mode and owner a command could change.
  if (!job.ownDescriptors.includes(0)) openAs(0, "/dev/null");
  enterFolder(job.cwd, user);
  for (const fd of job.ownDescriptors) giveTo(fd, user);
  limitOpenFiles(OPEN_FILES);
  leaveKeyring();
  restoreSignals();
  limitBoundingSet(DEFAULT_CAPABILITY_MASK);
  installFilter(filter); // needs CAP_SYS_ADMIN, which the next step gives up
  setThreadGroups(user.groups);
  setThreadIds(user.uid, user.gid);
  setCapabilities(user.uid === 0 ? DEFAULT_CAPABILITY_MASK : 0n); // what this process inherited must not stay either
  dieWithParent();
  passStandardDescriptors();
  const path = findCommand(job.args[0] ?? "", env);
  try {
    execute(path, job.args, env);
  } catch (error) {
    throw notStarted(job.args[0]!, error);
  }
}

function enterFolder(cwd: string, { uid, gid }: ProcessUser): void {
  const path = cwd === "" ? "/" : cwd;
  makeFolder(path, uid, gid);
  process.chdir(path);
}

/** Lets the command's user open /dev/stdout and /dev/stderr. */
function giveTo(fd: number, { uid }: ProcessUser): void {
  const stat = fstatSync(fd);
  if (stat.uid !== uid) fchownSync(fd, uid, stat.gid);
}
