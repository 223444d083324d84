// What a sandbox child runs when an OCI runtime is to make the container: in mount and PID namespaces of its own it
// mounts the root, writes a bundle into memory beside it, and becomes the runtime. Nothing of it is left on the host.
import { closeSync, existsSync, mkdirSync, openSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { isUnified } from "../linux/cgroup.ts";
import { findProgram } from "../linux/find-program.ts";
import { bindDeclared } from "../linux/libc.ts";
import { mount, MS } from "../linux/mount.ts";
import { leaveNamespaces } from "../linux/namespace.ts";
import { enterOwnNetwork } from "../linux/network.ts";
import { changeFolder, changeRoot, endAtOnce, execute, limitOpenFiles, passStandardDescriptors, restoreSignals } from "../linux/process.ts";
import { newSession } from "../linux/terminal.ts";
import { insideUserNamespace } from "../linux/user-namespace.ts";
import { containerUser, makeFolder, readIdMaps, withMissing } from "./container-user.ts";
import { checkCommand } from "./find-command.ts";
import { joinCertificates, readHostBundle } from "./host-certificates.ts";
import { mountRoot } from "./mount-root.ts";
import { demandKind, ensureTarget, spareKernel } from "./mount-stubs.ts";
import { ociConfig } from "./oci-config.ts";
import { pickCgroups } from "./pick-cgroups.ts";
import { ask, failure, openTerminal, readLine, report } from "./sandbox-channel.ts";
import type { MountStub, SandboxJob } from "./sandbox-job.ts";
import { staysInCgroup } from "./stays-in-cgroup.ts";
import { devInMemory, placeStepMount, type Placed } from "./step-mounts.ts";

report({ kind: "ready", pid: Number(readlinkSync("/proc/self")) });
bindDeclared();
flushCompileCache();
process.umask(0o022);
const job = JSON.parse(readLine()) as SandboxJob;
try {
  becomeRuntime(job);
} catch (error) {
  report(failure(error));
  endAtOnce(125);
}

function becomeRuntime(job: SandboxJob): never {
  const { path, id } = job.runtime!;
  const namespace = insideUserNamespace();
  if (job.network !== "host") enterOwnNetwork();
  if (job.network === "wait") ask({ kind: "network" });
  mount("sampan", job.staging, "tmpfs", MS.NOSUID | MS.NODEV, "mode=0700");
  process.chdir(job.staging);
  mountRoot(job);
  // An ordinary user's runtime can make none in version 1, and would show those of this machine.
  const cgroups = staysInCgroup(path) || (namespace !== undefined && !isUnified()) ? placeCgroups(job) : undefined;
  const { memory, others } = devInMemory(job.stepMounts);
  const stepMounts = others.map(placeStepMount);
  const files = job.files.map(({ target, content }, index) => {
    writeFileSync(`file${index}`, content, { mode: 0o644 });
    return { source: join(job.staging, `file${index}`), target };
  });
  const inside = prepareRoot(job, stepMounts);
  if (inside.certificates) {
    writeFileSync("certificates", inside.certificates.text, { mode: 0o444 });
    files.push({ source: join(job.staging, "certificates"), target: inside.certificates.path });
  }
  const config = ociConfig(job, {
    user: inside.user, env: inside.env, files, cgroups,
    stepMounts: stepMounts.map(({ source, target, options }) => ({ source: join(job.staging, source), target, options })),
    closed: staysInCgroup(path) && namespace === undefined ? closedDevices(join(job.staging, "root"), inside.dev) : undefined,
    rootless: namespace !== undefined && job.network === "host",
    oneId: namespace?.mapped === "one",
    dev: memory,
  });
  writeFileSync("config.json", JSON.stringify(config));
  mkdirSync("state");
  report({ kind: "stubs", stubs: inside.stubs });
  newSession();
  if (job.terminal) openTerminal();
  // The runtime finds processes by their numbers in its own PID namespace.
  mount("proc", "/proc", "proc", MS.NOSUID | MS.NODEV | MS.NOEXEC);
  limitOpenFiles(1_048_576);
  restoreSignals();
  passStandardDescriptors();
  const options = staysInCgroup(path) ? withoutCgroups() : [];
  const args = [path, ...options, "--root", join(job.staging, "state"), "run", "--bundle", job.staging, id];
  return execute(path, args, [`PATH=${process.env["PATH"]}`]);
}

/** Shows in a folder here what a container sees as its cgroups, when the runtime makes it none. */
function placeCgroups(job: SandboxJob): string {
  if (!job.hostCgroups) leaveNamespaces(["cgroup"]);
  mkdirSync("cgroups");
  pickCgroups(job)("cgroups");
  return join(job.staging, "cgroups");
}

/**
 * Without a cgroup of its own nothing but `nodev` keeps a container's root from the machine's devices, and crun binds the root without it.
 * @param dev the folder in the root where /dev will be, free of symlinks
 */
function closedDevices(root: string, dev: string): { readonly program: string; readonly folders: readonly string[] } {
  const program = findProgram("mount");
  if (program === undefined) throw new Error("crun needs the program mount, which is not in PATH, to keep devices out of a container");
  return { program, folders: [root, join(root, dev)] };
}

function withoutCgroups(): string[] {
  // crun refuses machines that have both versions of cgroups, even when it shall not use any.
  const unified = "/sys/fs/cgroup/unified";
  if (existsSync(join(unified, "cgroup.controllers"))) mount("tmpfs", unified, "tmpfs", MS.RDONLY);
  return ["--cgroup-manager=disabled"];
}

/** What has to be looked up or made in the root, with this process's root changed to it meanwhile. */
function prepareRoot(job: SandboxJob, stepMounts: readonly Placed[]) {
  const maps = readIdMaps();
  const hostBundle = job.certificates === undefined ? undefined : readHostBundle(job.certificates);
  const targets = mountTargets(job, stepMounts);
  const bundle = openSync(".", "r");
  const host = openSync("/", "r");
  changeRoot("root");
  process.chdir("/");
  try {
    const certificates = hostBundle === undefined ? undefined : joinCertificates(hostBundle);
    const user = containerUser(job.user, maps);
    const env = withMissing(job.env, [`HOME=${user.home}`, ...(certificates?.env ?? [])]);
    const stubs: MountStub[] = [];
    const [dev] = ["/dev", "/proc", "/sys"].map((folder) => ensureTarget(folder, "directory").path);
    const made = targets.map(({ target, kind, ofStep }) => {
      const place = { kind, ...ensureTarget(target, kind) };
      spareKernel(place.path, ofStep);
      return place;
    });
    for (const { path, kind, stubs: own } of made) {
      stubs.push(...own);
      // What lies below another mount is not of the root.
      if (!made.some((other) => path.startsWith(`${other.path}/`))) demandKind(path, kind);
    }
    makeFolder(job.cwd === "" ? "/" : job.cwd, user.uid, user.gid);
    process.chdir(job.cwd === "" ? "/" : job.cwd);
    checkCommand(job.args[0] ?? "", env);
    return { certificates, user, env, stubs, dev: dev! };
  } finally {
    changeFolder(host);
    changeRoot(".");
    changeFolder(bundle);
    closeSync(host);
    closeSync(bundle);
  }
}

/** Where the runtime is going to mount on the root itself; /dev is in memory. */
function mountTargets({ files, mounts, tmpfs }: SandboxJob, stepMounts: readonly Placed[]): { target: string; kind: "file" | "directory"; ofStep: boolean }[] {
  const targets = [
    ...files.map(({ target }) => ({ target, kind: "file" as const, ofStep: false })),
    ...mounts.map(({ target, source }) => ({ target, kind: statSync(source).isDirectory() ? "directory" as const : "file" as const, ofStep: false })),
    ...tmpfs.map(({ target }) => ({ target, kind: "directory" as const, ofStep: false })),
    ...stepMounts.map(({ target, kind }) => ({ target, kind, ofStep: true })),
  ];
  return targets.filter(({ target }) => !target.startsWith("/dev/"));
}
