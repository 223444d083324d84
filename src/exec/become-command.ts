import { accessSync, chownSync, constants, fchownSync, fstatSync, lstatSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { limitBoundingSet, setCapabilities } from "../linux/capabilities.ts";
import { dieWithParent, execute, leaveKeyring, limitOpenFiles, passStandardDescriptors, restoreSignals, setHostname } from "../linux/process.ts";
import { setThreadGroups, setThreadIds } from "../linux/credentials.ts";
import { installFilter, type Instruction } from "../linux/seccomp.ts";
import { DEFAULT_CAPABILITY_MASK } from "./capabilities.ts";
import type { SandboxJob } from "./sandbox-job.ts";
import { resolveUser, UserNotMapped, type ProcessUser } from "./user.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const OPEN_FILES = 1_048_576;
const LARGEST_USER_FILE = 10 * 1024 * 1024;

export class CommandNotStarted extends Error {
  readonly failure: "notFound" | "notExecutable";
  constructor(failure: "notFound" | "notExecutable", message: string) {
    super(message);
    this.failure = failure;
  }
}

/** Gives up every right that a container has not, and executes the command; the root is the container's already. */
export function becomeCommand(job: SandboxJob, filter: readonly Instruction[]): never {
  const user = findUser(job.user);
  if (!isMapped(user.uid, "/proc/self/uid_map") || !isMapped(user.gid, "/proc/self/gid_map")) throw new UserNotMapped(job.user);
  const env = withHome(job.env, user.home);
  setHostname(job.hostname);
  enterFolder(job.cwd, user);
  for (const fd of job.ownDescriptors) giveTo(fd, user);
  limitOpenFiles(OPEN_FILES);
  leaveKeyring();
  restoreSignals();
  process.umask(0o022);
  limitBoundingSet(DEFAULT_CAPABILITY_MASK);
  installFilter(filter); // needs CAP_SYS_ADMIN, which the next step gives up
  setThreadGroups(user.groups);
  setThreadIds(user.uid, user.gid);
  if (user.uid === 0) setCapabilities(DEFAULT_CAPABILITY_MASK);
  dieWithParent();
  passStandardDescriptors();
  const path = findProgram(job.args[0] ?? "", env);
  try {
    execute(path, job.args, env);
  } catch (error) {
    throw notStarted(job.args[0]!, error);
  }
}

function findUser(user: string): ProcessUser {
  return resolveUser(user, userFile("/etc/passwd"), userFile("/etc/group"));
}

/** Whether the user namespace knows an id (user_namespaces(7)). */
function isMapped(id: number, file: string): boolean {
  return id === 0 || readFileSync(file, "utf8").trim().split("\n").some((row) => {
    const [inside = 0, , count = 0] = row.trim().split(/\s+/).map(Number);
    return id >= inside && id < inside + count;
  });
}

function userFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile() || stat.size > LARGEST_USER_FILE) return "";
  return readFileSync(path, "utf8");
}

/** HOME comes from /etc/passwd where the environment has none, as the OCI runtimes do it. */
function withHome(env: readonly string[], home: string): string[] {
  return env.some((pair) => pair.startsWith("HOME=")) ? [...env] : [...env, `HOME=${home}`];
}

function enterFolder(cwd: string, { uid, gid }: ProcessUser): void {
  const path = cwd === "" ? "/" : cwd;
  makeFolder(path, uid, gid);
  process.chdir(path);
}

function makeFolder(path: string, uid: number, gid: number): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(path), uid, gid);
  mkdirSync(path, 0o755);
  chownSync(path, uid, gid);
}

/** Lets the command's user open /dev/stdout and /dev/stderr. */
function giveTo(fd: number, { uid }: ProcessUser): void {
  const stat = fstatSync(fd);
  if (stat.uid !== uid) fchownSync(fd, uid, stat.gid);
}

/** The file that a command's name means: by PATH unless it has a slash. */
function findProgram(name: string, env: readonly string[]): string {
  if (name.includes("/")) return name;
  const path = env.findLast((pair) => pair.startsWith("PATH="))?.slice(5) ?? DEFAULT_PATH;
  let forbidden = false;
  for (const folder of name === "" ? [] : path.split(":")) {
    const candidate = join(folder === "" ? "." : folder, name);
    const stat = statSync(candidate, { throwIfNoEntry: false });
    if (stat === undefined || stat.isDirectory()) continue;
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      forbidden = true;
    }
  }
  if (forbidden) throw new CommandNotStarted("notExecutable", `exec: ${JSON.stringify(name)}: permission denied`);
  throw new CommandNotStarted("notFound", `exec: ${JSON.stringify(name)}: executable file not found in $PATH`);
}

function notStarted(name: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  const quoted = JSON.stringify(name);
  switch (code) {
    case "ENOENT": {
      // The file is there: the interpreter of its first line or its ELF header is what is missing.
      const there = lstatSync(name, { throwIfNoEntry: false }) !== undefined;
      return new CommandNotStarted("notFound", `exec: ${quoted}: ${there ? "its interpreter does not exist" : "no such file or directory"}`);
    }
    case "ENOTDIR": return new CommandNotStarted("notFound", `exec: ${quoted}: no such file or directory`);
    case "EACCES": case "EPERM": case "EISDIR": return new CommandNotStarted("notExecutable", `exec: ${quoted}: permission denied`);
    case "ENOEXEC": return new CommandNotStarted("notExecutable", `exec: ${quoted}: exec format error`);
    case "E2BIG": return new CommandNotStarted("notExecutable", `exec: ${quoted}: argument list too long`);
    default: return new CommandNotStarted("notExecutable", `exec: ${quoted}: ${(error as Error).message}`);
  }
}
