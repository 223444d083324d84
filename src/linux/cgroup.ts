import { accessSync, constants, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fault, isFault } from "../std/fault.ts";
import { freezeFile, removeCgroups } from "./remove-cgroups.ts";

/** What a cgroup is to limit; bytes, processors, processes. */
export interface CgroupLimits {
  readonly memory?: number;
  /** Memory and swap together; -1 for no limit of swap, twice the memory where nothing is said. */
  readonly memorySwap?: number;
  readonly cpus?: number;
  readonly pids?: number;
}

type Controller = "memory" | "cpu" | "pids" | "freezer";
const ROOT = "/sys/fs/cgroup";
/** A JVM believes limits of version 1 where it sees all of these only (JDK, cgroupSubsystem_linux.cpp). */
const COUNTED = ["memory", "cpu", "cpuacct", "cpuset"] as const;
/** What asks for each, as messages call it. */
const FLAGS: Readonly<Record<Controller, string>> = { memory: "--memory", cpu: "--cpus", pids: "--pids-limit", freezer: "pause" };
/** Microseconds; what docker uses. */
export const CPU_PERIOD = 100_000;

/**
 * Makes cgroups with limits, of version 2 where the machine has its controllers there, else of version 1, below the
 * nearest one that this process may divide.
 * @returns their folders, none where nothing is limited.
 * @throws LIMITS_IMPOSSIBLE
 */
export function createCgroups(name: string, limits: CgroupLimits): string[] {
  const wanted: Controller[] = [
    ...(limits.memory === undefined ? [] : ["memory" as const]), ...(limits.cpus === undefined ? [] : ["cpu" as const]), ...(limits.pids === undefined ? [] : ["pids" as const]),
  ];
  if (wanted.length === 0) return [];
  const own = cgroupsOf("self");
  const made: string[] = [];
  try {
    if (isUnified()) {
      const folder = join(dividable(join(ROOT, own.get("") ?? "/"), wanted), name);
      makeCgroup(folder);
      made.push(folder);
      for (const [file, value] of unifiedSettings(limits)) set(folder, file, value);
      return made;
    }
    for (const controller of wanted) {
      if (!existsSync(join(ROOT, controller, "cgroup.procs"))) throw impossible(controller, "the kernel offers no such cgroup here");
      const folder = join(parentOf(controller, own), name);
      makeCgroup(folder);
      made.push(folder);
      for (const [file, value] of settings(controller, limits)) set(folder, file, value);
    }
    for (const controller of COUNTED) makeBeside(made, controller, parentOf(controller, own), name);
    return [...new Set(made)];
  } catch (error) {
    removeCgroups(made);
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === undefined || !/^E[A-Z]+$/.test(code) ? error : impossible(wanted[0]!, message);
  }
}

/** Where a cgroup of version 1 can be made: below that of this process. Controllers that go together have one folder and two names. */
function parentOf(controller: string, own: ReadonlyMap<string, string>): string {
  const mounted = join(ROOT, controller);
  const inside = join(mounted, own.get(controller) ?? "/");
  const parent = existsSync(inside) ? inside : mounted;
  return existsSync(parent) ? realpathSync(parent) : parent;
}

/** Makes a cgroup, or takes the one of the same container that was left when its supervisor was killed. */
function makeCgroup(folder: string): void {
  try {
    mkdirSync(folder); // nothing above it, which nobody would remove
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Makes a cgroup that limits nothing, where that is possible. */
function makeBeside(made: string[], controller: string, parent: string, name: string): void {
  const folder = join(parent, name);
  // Where its hierarchy is not mounted, an ordinary folder would be made.
  if (made.includes(folder) || !existsSync(join(parent, "cgroup.procs"))) return;
  try {
    makeCgroup(folder);
    made.push(folder);
    // No process can be moved into a set of processors and memory that is empty, as a new one is.
    for (const file of controller === "cpuset" ? ["cpuset.cpus", "cpuset.mems"] : []) {
      const all = readText(join(dirname(folder), file)).trim();
      if (all === "") throw new Error(`${file} above it is empty`);
      writeFileSync(join(folder, file), all);
    }
  } catch {
    if (made.includes(folder)) removeCgroups([made.pop()!]);
  }
}

/** Whether this machine has its controllers in version 2. */
export function isUnified(): boolean {
  return existsSync(join(ROOT, "cgroup.controllers"));
}

/** Moves a process, and what it starts from now on, into cgroups. @throws LIMITS_IMPOSSIBLE */
export function joinCgroups(folders: readonly string[], pid: number): void {
  for (const folder of folders) {
    try {
      writeFileSync(join(folder, "cgroup.procs"), String(pid));
    } catch (error) {
      throw impossible("memory", (error as Error).message);
    }
  }
}

/** Moves a process into the cgroups that another one is in, as far as this user may. */
export function followIntoCgroups(pid: number, other: number): void {
  const unified = isUnified() ? ROOT : join(ROOT, "unified");
  const now = cgroupsOf(pid);
  for (const [controller, path] of cgroupsOf(other)) {
    if (now.get(controller) === path || path.startsWith("/..")) continue; // outside of what this process sees
    const mounted = controller === "" ? unified : join(ROOT, controller.replace("name=", ""));
    try {
      writeFileSync(join(mounted, path, "cgroup.procs"), String(pid), { flag: "r+" }); // it makes no file where no cgroups are mounted
    } catch {
      // It goes on in that of whoever started it.
    }
  }
}

/**
 * The cgroup by which all processes of a container can be made to stand still: one of those that it has, or else a new one, to which
 * they are to be moved, below that of its first process, whose limits go on. @throws LIMITS_IMPOSSIBLE
 */
export function freezerFor(name: string, folders: readonly string[], first: number): { readonly folder: string; readonly made: boolean } {
  const found = folders.find((folder) => freezeFile(folder) !== undefined);
  if (found !== undefined) return { folder: found, made: false };
  try {
    const folder = join(freezerParent(first), name);
    makeCgroup(folder);
    if (freezeFile(folder) !== undefined) return { folder, made: true };
    removeCgroups([folder]);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined || isFault(error) ? error : impossible("freezer", (error as Error).message);
  }
  throw impossible("freezer", "the kernel offers no such cgroup here");
}

/** Removes what {@link freezerFor} has made for a container that this process supervises, and so began in the same cgroup. */
export function removeFreezer(name: string): void {
  try {
    removeCgroups([join(freezerParent("self"), name)]);
  } catch {
    // None could have been made.
  }
}

function freezerParent(pid: number | "self"): string {
  const own = cgroupsOf(pid);
  if (isUnified()) return dividable(join(ROOT, own.get("") ?? "/"), []);
  const mounted = join(ROOT, "freezer");
  const inside = join(mounted, own.get("freezer") ?? "/");
  return existsSync(inside) ? inside : mounted;
}

/** Whether everything in it stands still by now. */
export function isFrozen(folder: string): boolean {
  const file = freezeFile(folder)!;
  return file.endsWith(".freeze") ? /^frozen 1$/m.test(readText(join(folder, "cgroup.events"))) : readText(file).trim() === "FROZEN";
}

/** How often the kernel killed a process in these cgroups for want of memory. */
export function memoryKills(folders: readonly string[]): number {
  for (const file of folders.flatMap((folder) => [join(folder, "memory.events"), join(folder, "memory.oom_control")])) {
    const count = /^oom_kill (\d+)$/m.exec(readText(file))?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}

/** The nearest cgroup of version 2, from a folder upwards, below which one with these controllers can be made. */
function dividable(start: string, wanted: readonly Controller[]): string {
  for (let folder = start; folder.startsWith(ROOT); folder = dirname(folder)) {
    if (!mayWrite(folder)) continue;
    const on = readText(join(folder, "cgroup.subtree_control")).split(/\s+/);
    const missing = wanted.filter((controller) => !on.includes(controller));
    try {
      if (missing.length > 0) writeFileSync(join(folder, "cgroup.subtree_control"), missing.map((controller) => `+${controller}`).join(" "));
      return folder;
    } catch {
      // It has processes of its own (cgroups(7), "no internal processes"), or not got the controllers from above.
    }
  }
  throw impossible(wanted[0] ?? "freezer", "no cgroup of this session may be divided by its user");
}

function* unifiedSettings({ memory, memorySwap, cpus, pids }: CgroupLimits): Generator<[file: string, value: string]> {
  if (memory !== undefined) {
    yield ["memory.max", String(memory)];
    yield ["memory.swap.max?", memorySwap === -1 ? "max" : String((memorySwap ?? 2 * memory) - memory)];
  }
  if (cpus !== undefined) yield ["cpu.max", `${Math.round(cpus * CPU_PERIOD)} ${CPU_PERIOD}`];
  if (pids !== undefined) yield ["pids.max", pids < 0 ? "max" : String(pids)];
}

function* settings(controller: Controller, { memory = 0, memorySwap, cpus = 0, pids = 0 }: CgroupLimits): Generator<[file: string, value: string]> {
  if (controller === "memory") {
    yield ["memory.limit_in_bytes", String(memory)];
    yield ["memory.memsw.limit_in_bytes?", String(memorySwap ?? 2 * memory)];
  } else if (controller === "cpu") {
    yield ["cpu.cfs_period_us", String(CPU_PERIOD)];
    yield ["cpu.cfs_quota_us", String(Math.round(cpus * CPU_PERIOD))];
  } else yield ["pids.max", pids < 0 ? "max" : String(pids)];
}

/** Settings that end in `?` are for kernels that count swap. */
function set(folder: string, file: string, value: string): void {
  const path = join(folder, file.replace("?", ""));
  if (file.endsWith("?") && !existsSync(path)) return;
  writeFileSync(path, value);
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a process is, by controller, as this one sees it; version 2 has the name "". */
function cgroupsOf(pid: number | "self"): Map<string, string> {
  const rows = readText(`/proc/${pid}/cgroup`).trim().split("\n").map((row) => /^\d+:([^:]*):(.*)$/.exec(row));
  return new Map(rows.flatMap((row) => (row ? row[1]!.split(",").map((name): [string, string] => [name, row[2]!]) : [])));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function impossible(controller: Controller, problem: string): Error {
  const hint = process.env["SAMPAN_USERNS_ENTERED"] === undefined
    ? "run as root on a machine whose /sys/fs/cgroup can be written to, or do without"
    : "on a machine with systemd and cgroups of version 2: `systemd-run --user --scope -p Delegate=yes sampan run …`; else run as root, or do without";
  return fault("LIMITS_IMPOSSIBLE", { flag: FLAGS[controller], problem, hint });
}
