import { fchownSync, fstatSync, statSync, writeSync } from "node:fs";
import { heldCapabilities, limitBoundingSet, setCapabilities } from "../linux/capabilities.ts";
import { setThreadGroups, setThreadIds } from "../linux/credentials.ts";
import { createPipe } from "../linux/pipe.ts";
import {
  dieWithParent, execute, forbidNewPrivileges, leaveKeyring, limitOpenFiles, openAs, passStandardDescriptors, restoreSignals, setLimit,
} from "../linux/process.ts";
import { installFilter } from "../linux/seccomp.ts";
import { capabilityMask } from "./capabilities.ts";
import { containerUser, makeFolder, readIdMaps, withMissing } from "./container-user.ts";
import { CommandNotStarted, findCommand, notStarted } from "./find-command.ts";
import { ask } from "./sandbox-channel.ts";
import type { CommandJob } from "./sandbox-job.ts";
import type { ProcessUser } from "./user.ts";

const OPEN_FILES = 1_048_576;

/**
 * Gives up every right that a container has not, and executes the command; the root is the container's already.
 * @param filter which system calls it may use; undefined: all
 * @param options.makeFolder whether a working directory that is missing is made
 * @param options.through the emulator to hand the command to
 */
export function becomeCommand(job: CommandJob, filter: Uint8Array | undefined, options: { readonly makeFolder: boolean; readonly through?: string }): never {
  const user = containerUser(job.user, readIdMaps());
  const env = withMissing(job.env, [`HOME=${user.home}`]); // as the OCI runtimes do it
  const capabilities = job.insecure ? heldCapabilities() : capabilityMask(job.capabilities);
  // What is not its own is the host's so far, whose mode and owner a command could change.
  for (const fd of [0, 1, 2]) if (!job.ownDescriptors.includes(fd)) openAs(fd, "/dev/null", fd === 0 ? "r" : "r+");
  enterFolder(job.cwd, user, options.makeFolder);
  for (const fd of job.ownDescriptors) giveTo(fd, user);
  limitOpenFiles(OPEN_FILES);
  for (const { resource, soft, hard } of job.ulimits ?? []) setLimit(resource, soft, hard);
  leaveKeyring();
  restoreSignals();
  const witness = job.announce ? announce() : undefined;
  try {
    limitBoundingSet(capabilities);
    if (job.noNewPrivileges) forbidNewPrivileges();
    if (filter !== undefined) installFilter(filter); // needs CAP_SYS_ADMIN, which the next step gives up
    setThreadGroups(user.groups);
    setThreadIds(user.uid, user.gid);
    setCapabilities(user.uid === 0 ? capabilities : 0n); // what this process inherited must not stay either
    dieWithParent();
    passStandardDescriptors();
    const path = findCommand(job.args[0] ?? "", env);
    try {
      if (options.through === undefined) execute(path, job.args, env);
      else execute(options.through, [options.through, "-0", job.args[0]!, path, ...job.args.slice(1)], env);
    } catch (error) {
      throw notStarted(job.args[0]!, error);
    }
  } catch (error) {
    if (witness !== undefined) writeSync(witness, "x");
    throw error;
  }
}

/** Lets the parent see when the command is executed: by a pipe of which it gets one end and which execve(2) closes. */
function announce(): number {
  const { read, write } = createPipe();
  ask({ kind: "executing", fd: read });
  return write;
}

function enterFolder(cwd: string, { uid, gid }: ProcessUser, make: boolean): void {
  const path = cwd === "" ? "/" : cwd;
  if (make) makeFolder(path, uid, gid);
  else if (!path.startsWith("/") || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new CommandNotStarted("noFolder", `chdir to ${JSON.stringify(path)}: no such directory`);
  process.chdir(path);
}

/** Lets the command's user open /dev/stdout and /dev/stderr. */
function giveTo(fd: number, { uid }: ProcessUser): void {
  const stat = fstatSync(fd);
  if (stat.uid !== uid) fchownSync(fd, uid, stat.gid);
}
