import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { release, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { humanSize } from "../std/human-size.ts";
import { findProgram } from "./find-program.ts";
import { installAdvice } from "./install-advice.ts";
import { kernelHas, NEEDED_KERNEL } from "./kernel-version.ts";
import { haveLibc } from "./libc.ts";
import { canFilter } from "./seccomp.ts";
import { isContainedRoot, subordinateMaps, userNamespaceObstacle } from "./user-namespace.ts";
import { haveUtilLinux } from "./util-linux.ts";

/** What one probe of this machine found. */
export interface DoctorRow {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or why it is not well. */
  readonly why: string;
  /** The command that mends it. */
  readonly mend?: string;
  /** Without it nothing can be built. */
  readonly needed: boolean;
}

/** What building and running need of this machine, tried out. `root` is the folder of the store, which may be missing. */
export async function doctorProbes({ root }: { readonly root: string }): Promise<DoctorRow[]> {
  const ordinary = process.geteuid!() !== 0;
  const contained = isContainedRoot();
  const folder = existingAncestor(root);
  const namespaces = ordinary || contained ? userNamespaces(contained) : undefined;
  // The sandbox's, as `unshare` makes them; without them there is nothing to try out.
  const own = namespaces ? ["--user", "--map-root-user", "--mount"] : ["--mount"];
  return [
    kernel(),
    koffi(),
    tools(),
    seccomp(),
    ...(namespaces ? [namespaces] : []),
    ...(ordinary ? [manyIds(), pasta()] : []),
    ...(namespaces?.ok === false || !kernelHas(NEEDED_KERNEL) || findProgram("unshare") === undefined ? [] : [overlay(folder, own), processes(own)]),
    runtimes(),
    cgroups(),
    space(root, folder),
  ];
}

function kernel(): DoctorRow {
  const version = release();
  const ok = kernelHas(NEEDED_KERNEL);
  return { name: "kernel", ok, needed: true, why: ok ? `Linux ${version}` : `Linux ${version}, ${NEEDED_KERNEL} is needed`, mend: "a newer kernel of the distribution" };
}

function koffi(): DoctorRow {
  const ok = haveLibc();
  return {
    name: "koffi", ok, needed: true, mend: "npm install --include=optional",
    why: ok ? "calls to the C library work" : `the npm package koffi is not installed for linux-${process.arch}`,
  };
}

function tools(): DoctorRow {
  const name = "util-linux";
  if (findProgram("sh") === undefined) return { name, ok: false, needed: true, why: "the shell, sh, was not found", mend: "a base image with /bin/sh" };
  if (haveUtilLinux()) return { name, ok: true, needed: true, why: "unshare, setpriv and nsenter are there" };
  return { name, ok: true, needed: true, why: `not there: Node starts containers in its place, each a little later (${installAdvice("util-linux")} spares that)` };
}

function seccomp(): DoctorRow {
  const ok = existsSync("/proc/sys/kernel/seccomp/actions_avail");
  if (!canFilter()) return { name: "seccomp", ok: false, needed: true, mend: "a machine of amd64 or arm64 for RUN and `sampan run`; the rest works here", why: `the numbers of ${process.arch}'s system calls are not known` };
  return { name: "seccomp", ok, needed: true, mend: "a kernel with CONFIG_SECCOMP_FILTER", why: ok ? "system calls can be filtered" : "the kernel cannot filter system calls" };
}

/** @param contained whether this is root of a container, who may not mount */
function userNamespaces(contained: boolean): DoctorRow {
  const row = { name: "user namespaces", needed: true };
  const obstacle = userNamespaceObstacle();
  if (obstacle === undefined) return { ...row, ok: true, why: contained ? "this container's root may make them" : "an ordinary user may make them" };
  return { ...row, ok: false, why: contained ? `this container's root may neither mount nor make them: ${obstacle.problem}` : obstacle.problem, mend: obstacle.hint };
}

function manyIds(): DoctorRow {
  const ok = subordinateMaps() !== undefined;
  const name = "many user ids";
  if (ok) return { name, ok, needed: false, why: "newuidmap and newgidmap map your ranges of /etc/subuid and /etc/subgid" };
  if (findProgram("newuidmap") === undefined) return { name, ok, needed: false, why: "newuidmap not found: steps can only run as root", mend: installAdvice("uidmap") };
  const mend = findProgram("usermod") === undefined
    ? `echo ${personName()}:100000:65536 | tee -a /etc/subuid >>/etc/subgid`
    : `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${personName()}`;
  return { name, ok, needed: false, why: "you have no range in /etc/subuid and /etc/subgid: steps can only run as root", mend };
}

function pasta(): DoctorRow {
  const name = "pasta";
  if (findProgram("pasta") === undefined) return { name, ok: false, needed: false, why: "not found: containers use the host's network", mend: installAdvice("passt") };
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return { name, ok: true, needed: false, why: "containers have a network of their own" };
  } catch {
    return { name, ok: false, needed: false, why: "/dev/net/tun may not be opened: containers use the host's network", mend: "chmod 666 /dev/net/tun" };
  }
}

/** Mounts a /proc of its own, which the kernel refuses in a user namespace where one that is there has covered parts. */
function processes(own: readonly string[]): DoctorRow {
  const row = { name: "processes", needed: true, mend: "in a container: `docker run --security-opt systempaths=unconfined`, in Kubernetes `procMount: Unmasked`" };
  const { status, stderr, error } = spawnSync("unshare", [...own, "--pid", "--fork", "--mount-proc", "true"], { encoding: "utf8" });
  if (status === 0) return { ...row, ok: true, why: "a container sees its own only" };
  return { ...row, ok: false, why: `a container gets no /proc of its own: ${error?.message ?? lastWords(stderr)}` };
}

/** Mounts an overlay as the sandbox does, in namespaces that end with the trial. */
function overlay(folder: string, own: readonly string[]): DoctorRow {
  const row = { name: "overlay", needed: true, mend: "set SAMPAN_ROOT to a folder on a local file system (ext4, xfs, btrfs), in a container on a volume" };
  let trial: string | undefined;
  try {
    trial = mkdtempSync(join(folder, ".sampan-doctor-"));
    // The work folder that overlayfs makes may be entered by nobody.
    const script = "trap 'umount merged 2>/dev/null; chmod -R u+rwx work' EXIT; mkdir lower upper work merged && mknod lower/whiteout c 0 0 && mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr overlay merged && echo x >merged/file";
    const { status, stderr, error } = spawnSync("unshare", [...own, "sh", "-c", script], { cwd: trial, encoding: "utf8" });
    if (status === 0) return { ...row, ok: true, why: `works in ${folder}` };
    return { ...row, ok: false, why: `refused in ${folder}: ${error?.message ?? lastWords(stderr)}` };
  } catch (error) {
    return { ...row, ok: false, why: `${folder}: ${(error as Error).message}` };
  } finally {
    if (trial) rmSync(trial, { recursive: true, force: true });
  }
}

function runtimes(): DoctorRow {
  const found = ["crun", "runc"].filter((name) => findProgram(name) !== undefined);
  return { name: "OCI runtimes", ok: true, needed: false, why: found.length === 0 ? "none found; the built-in sandbox needs none" : `${found.join(" and ")}, by --runtime` };
}

function cgroups(): DoctorRow {
  const name = "cgroups";
  const most = "/proc/sys/user/max_cgroup_namespaces";
  if (existsSync(most) && readFileSync(most, "utf8").trim() === "0") {
    return { name, ok: false, needed: true, why: "no cgroup namespaces may be made, of which each container has one", mend: "sysctl -w user.max_cgroup_namespaces=10000" };
  }
  const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const any = unified || existsSync("/sys/fs/cgroup/memory");
  return { name, ok: true, needed: false, why: unified ? "version 2" : any ? "version 1" : "none: --memory, --cpus and --pids-limit are not possible" };
}

function space(root: string, folder: string): DoctorRow {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  const free = bavail * bsize;
  const row = { name: "space", needed: true, mend: "sampan rmi, or set SAMPAN_ROOT to a larger disk" };
  if (free < 2 ** 30) return { ...row, ok: false, why: `${humanSize(free)} free for ${root}` };
  if (files > 0 && ffree < 10_000) return { ...row, ok: false, why: `${ffree} inodes free for ${root}` };
  return { ...row, ok: true, why: `${humanSize(free)} free for ${root}` };
}

/** The last line that tells something: mount(8) ends with a hint at dmesg(1). */
function lastWords(stderr: string): string {
  return stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("dmesg(1)")).at(-1) ?? "nothing is said why";
}

function existingAncestor(path: string): string {
  return existsSync(path) ? path : existingAncestor(dirname(path));
}

function personName(): string {
  try {
    return userInfo().username;
  } catch {
    return "YOU";
  }
}
