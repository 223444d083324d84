import { chownSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { resolveUser, UserNotMapped, type ProcessUser } from "./user.ts";

const LARGEST_USER_FILE = 10 * 1024 * 1024;

/** The id maps of this process's user namespace (user_namespaces(7)). */
export interface IdMaps { readonly users: string; readonly groups: string }

export function readIdMaps(): IdMaps {
  return { users: readFileSync("/proc/self/uid_map", "utf8"), groups: readFileSync("/proc/self/gid_map", "utf8") };
}

/**
 * Resolves a USER value in the container, whose root is "/" of this process.
 * @throws UserNotFound, UserNotMapped
 */
export function containerUser(user: string, maps: IdMaps): ProcessUser {
  const found = resolveUser(user, userFile("/etc/passwd"), userFile("/etc/group"));
  if (!isMapped(found.uid, maps.users) || !isMapped(found.gid, maps.groups)) throw new UserNotMapped(user);
  return found;
}

/** The environment with those pairs added whose names are not in it. */
export function withMissing(env: readonly string[], added: readonly string[]): string[] {
  const names = new Set(env.map((pair) => pair.split("=", 1)[0]));
  return [...env, ...added.filter((pair) => !names.has(pair.split("=", 1)[0]))];
}

/** Makes a folder and those it lies in, 0755, for its user, where they are missing. */
export function makeFolder(path: string, uid: number, gid: number): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(path), uid, gid);
  mkdirSync(path, 0o755);
  chownSync(path, uid, gid);
}

function isMapped(id: number, map: string): boolean {
  return map.trim().split("\n").some((row) => {
    const [inside = 0, , count = 0] = row.trim().split(/\s+/).map(Number);
    return id >= inside && id < inside + count;
  });
}

function userFile(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  // A symlink to /proc/kmsg would be read for ever; files of /proc have no size.
  if (stat === undefined || !stat.isFile() || stat.size === 0 || stat.size > LARGEST_USER_FILE) return "";
  return readFileSync(path, "utf8");
}
