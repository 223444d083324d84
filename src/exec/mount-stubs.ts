import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, statSync, unlinkSync, writeFileSync, type BigIntStats } from "node:fs";
import { dirname, join } from "node:path";
import { setTimes } from "../linux/times.ts";
import type { MountStub } from "./sandbox-job.ts";

/**
 * What lies at a mount's target: a mount covers a folder with a folder only, and a file with a file (mount(2), ENOTDIR). `readonly`:
 * nothing, in a mount where nothing can be made. `above`: the target lies below this, which is no folder. `loop`: symlinks that lead
 * nowhere. `kernel`: /proc or /dev, without which no command starts, or a place in /proc that is not there.
 */
export type Obstacle = "file" | "folder" | "readonly" | "above" | "loop" | "kernel";

export class TargetUnfit extends Error {
  readonly target: string;
  readonly obstacle: Obstacle;

  constructor(target: string, obstacle: Obstacle, cause?: unknown) {
    super(`${target}: ${obstacle}`, { cause });
    this.target = target;
    this.obstacle = obstacle;
  }
}

/** @param path free of symlinks, of something that is there @throws TargetUnfit */
export function demandKind(path: string, kind: "file" | "directory"): void {
  const isFolder = lstatSync(path).isDirectory();
  if (isFolder !== (kind === "directory")) throw new TargetUnfit(path, isFolder ? "folder" : "file");
}

/**
 * The devices of what is mounted at /dev would be none: no mount brings any into a container. The host's own /proc may be shown by `-v`.
 * @param path free of symlinks, where something is to be mounted; `ofStep`: by a RUN
 * @throws TargetUnfit
 */
export function spareKernel(path: string, ofStep: boolean): void {
  if (path === "/dev" || (path === "/proc" && ofStep)) throw new TargetUnfit(path, "kernel");
}

/**
 * Makes what is missing at a mount target below the root "/" of this process, parents included.
 * @throws TargetUnfit
 * @returns the path free of symlinks, and what had to be made, outermost first.
 */
export function ensureTarget(target: string, kind: "file" | "directory"): { path: string; stubs: MountStub[] } {
  const path = followLinks(target);
  const missing: string[] = [];
  for (let here = path; lstatSync(here, { throwIfNoEntry: false }) === undefined; here = dirname(here)) missing.unshift(here);
  const stubs = missing.map((here) => makeStub(here, here === path ? kind : "directory"));
  return { path, stubs };
}

function makeStub(path: string, kind: "file" | "directory"): MountStub {
  const parent = dirname(path);
  const before = statSync(parent, { bigint: true });
  try {
    if (kind === "directory") mkdirSync(path, 0o755);
    else writeFileSync(path, "", { mode: 0o755, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EROFS") throw new TargetUnfit(path, "readonly", error);
    if (path.startsWith("/proc/")) throw new TargetUnfit(path, "kernel", error);
    throw error;
  }
  const after = statSync(parent, { bigint: true });
  return {
    path,
    before: { atime: String(before.atimeNs), mtime: String(before.mtimeNs) },
    after: { mtime: String(after.mtimeNs) },
  };
}

/**
 * Removes mount points that are still empty from the folder that keeps the root's changes, and sets the times
 * of the folders around them back, so that a layer shows nothing of them (BuildKit, executor/stubs.go).
 */
export function removeStubs(folder: string, stubs: readonly MountStub[]): void {
  for (const stub of stubs.toReversed()) {
    const path = join(folder, stub.path);
    // What the command put in place of a parent may be a symlink that leads out of the folder.
    if (!isPlainFolder(folder, dirname(stub.path))) continue;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !isEmpty(path, stat.isDirectory(), stat.isFile(), stat.size)) continue;
    const parent = dirname(path);
    const times = statSync(parent, { bigint: true });
    if (stat.isDirectory()) rmdirSync(path);
    else unlinkSync(path);
    restoreTimes(parent, stub, times);
  }
}

function isEmpty(path: string, directory: boolean, file: boolean, size: number): boolean {
  return directory ? readdirSync(path).length === 0 : file && size === 0;
}

function restoreTimes(parent: string, stub: MountStub, times: BigIntStats): void {
  const untouched = String(times.mtimeNs) === stub.after.mtime;
  const { atime, mtime } = untouched ? stub.before : { atime: times.atimeNs, mtime: times.mtimeNs };
  setTimes(parent, BigInt(atime), BigInt(mtime));
}

function isPlainFolder(folder: string, path: string): boolean {
  let here = folder;
  for (const part of path.split("/").filter((name) => name !== "")) {
    here = join(here, part);
    if (!lstatSync(here, { throwIfNoEntry: false })?.isDirectory()) return false;
  }
  return true;
}

/** Where a path leads when every symlink is followed; components that do not exist are kept as written. @throws TargetUnfit */
function followLinks(target: string): string {
  const pending = parts(target).reverse();
  let done: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const part = pending.pop()!;
    if (part === "..") {
      done.pop();
      continue;
    }
    const here = `/${[...done, part].join("/")}`;
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) {
      if (++links > 255) throw new TargetUnfit(target, "loop");
      const link = readlinkSync(here);
      if (link.startsWith("/")) done = [];
      pending.push(...parts(link).reverse());
      continue;
    }
    if (stat?.isDirectory() === false && pending.length > 0 && pending.at(-1) !== "..") throw new TargetUnfit(here, "above");
    done.push(part);
  }
  return `/${done.join("/")}`;
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
