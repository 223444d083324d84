import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { fault } from "../std/fault.ts";
import { findProgram } from "./find-program.ts";
import { haveLibc } from "./libc.ts";
import { createPipe } from "./pipe.ts";
import { passDescriptor } from "./process.ts";
import { idMap, subordinateIds } from "./subordinate-ids.ts";

/** How many ids a user namespace knows: `many`, ranges of subordinate ones besides one's own, or only `one`. */
export type Mapped = "many" | "one";

/** Which ids this process's user namespace maps; undefined in the machine's first namespace. */
export function insideUserNamespace(map: string = readFileSync("/proc/self/uid_map", "utf8")): { readonly mapped: Mapped } | undefined {
  const rows = map.trim().split("\n").map((row) => row.trim().split(/\s+/).map(Number));
  const count = rows.reduce((sum, [, , length = 0]) => sum + length, 0);
  if (rows.length === 1 && count >= 0xffff_ffff) return undefined;
  return { mapped: count > 1 ? "many" : "one" };
}

/** Numbers of capabilities (capability.h). */
const CAP = { SETGID: 6, SETUID: 7, SYS_ADMIN: 21 };

/** Whether this process is root with fewer rights than a machine's root has: that of a container, which may not mount. */
export function isContainedRoot(): boolean {
  return process.geteuid!() === 0 && !effective(CAP.SYS_ADMIN);
}

function effective(...capabilities: readonly number[]): boolean {
  const mask = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`);
  return capabilities.every((capability) => ((mask >> BigInt(capability)) & 1n) === 1n);
}

/**
 * Gives an ordinary user, and root of a container, a user and mount namespace in which this program is root, by executing it
 * again: same process, terminal, folder and arguments. Does nothing for the root of a machine. Maps the ranges of /etc/subuid
 * and /etc/subgid by newuidmap and newgidmap where they are, else the user's own id only; `SAMPAN_USERNS=one` asks for
 * that. Root's ids stay what they are. Where root of a container may make no namespace it goes on without: all but
 * containers works.
 * @throws USER_NAMESPACE_REFUSED
 */
export function enterUserNamespace(): void {
  if (process.env["SAMPAN_USERNS_ENTERED"] !== undefined) return;
  const root = process.geteuid!() === 0;
  if (root && !isContainedRoot()) return;
  const obstacle = userNamespaceObstacle();
  if (obstacle && root) return;
  if (obstacle) throw fault("USER_NAMESPACE_REFUSED", obstacle);
  const self = thisProgram();
  const env = { ...process.env, SAMPAN_USERNS_ENTERED: enteredAs() };
  const unshare = findProgram("unshare")!;
  const options = ["--user", "--mount", "--propagation", "slave"];
  const maps = process.env["SAMPAN_USERNS"] === "one" ? undefined : root ? sameMaps() : subordinateMaps();
  if (maps === undefined) return process.execve!(unshare, ["unshare", ...options, "--map-root-user", "--", ...self], env);

  // Ids can only be mapped from outside, and only once the namespace is there. So a helper outside waits until this
  // process says that it is inside, and this process then waits until the helper has mapped.
  const inside = createPipe();
  const mapped = createPipe();
  const map = `read -r _ <&3 && ${maps.join(" && ")} && echo mapped >&4`;
  spawn("/bin/sh", ["-c", map], { stdio: ["ignore", "ignore", "inherit", inside.read, mapped.write] }).unref();
  passDescriptor(inside.write);
  passDescriptor(mapped.read);
  const wait = `echo inside >/proc/self/fd/${inside.write}; read -r _ </proc/self/fd/${mapped.read} || exit 125; exec "$@"`;
  process.execve!(unshare, ["unshare", ...options, "--", "/bin/sh", "-c", wait, "sampan", ...self], env);
}

/** Whose store and settings count: root's, also in a namespace, or those of an ordinary user. */
function enteredAs(): string {
  return process.geteuid!() === 0 ? "root" : "1";
}

/** The working directory is the root after a mount namespace has been entered. */
const IN_FOLDER = 'cd -- "$0" 2>/dev/null; exec "$@"';

/**
 * Executes this program again in the user and mount namespace of another process of the same user, in which it is root.
 * @throws SANDBOX_TOOL_MISSING
 */
export function enterNamespacesOf(pid: number): void {
  const nsenter = findProgram("nsenter");
  if (nsenter === undefined) throw fault("SANDBOX_TOOL_MISSING", { tool: "nsenter" });
  const self = thisProgram();
  const args = ["nsenter", "--preserve-credentials", `--user=/proc/${pid}/ns/user`, `--mount=/proc/${pid}/ns/mnt`, "--", "/bin/sh", "-c", IN_FOLDER, process.cwd(), ...self];
  process.execve!(nsenter, args, { ...process.env, SAMPAN_USERNS_ENTERED: enteredAs() });
}

/** Without `--` Node takes words behind the program for its own: the file of `run --env-file`. */
function thisProgram(): string[] {
  return [process.execPath, ...process.execArgv, "--", ...process.argv.slice(1)];
}

/** Why an ordinary user gets no user namespace on this machine, with the command that mends it; undefined if nothing is known. */
export function userNamespaceObstacle(): { readonly problem: string; readonly hint: string } | undefined {
  if (findProgram("unshare") === undefined) return { problem: "the program unshare was not found", hint: "install util-linux (`apt install util-linux`, `apk add util-linux`)" };
  if (readNumber("/proc/sys/user/max_user_namespaces") === 0) {
    return { problem: "user namespaces are switched off (user.max_user_namespaces = 0)", hint: "sysctl -w user.max_user_namespaces=15000" };
  }
  if (readNumber("/proc/sys/kernel/unprivileged_userns_clone") === 0) {
    return { problem: "user namespaces are for root only (kernel.unprivileged_userns_clone = 0)", hint: "sysctl -w kernel.unprivileged_userns_clone=1" };
  }
  const trial = spawnSync(findProgram("unshare")!, ["--user", "--map-root-user", "--mount", "true"], { encoding: "utf8" });
  if (trial.status === 0) return undefined;
  if (readNumber("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === 1) {
    return { problem: "AppArmor does not allow it", hint: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" };
  }
  return { problem: (trial.error?.message ?? trial.stderr).trim(), hint: "let this user make user namespaces; in a container: `docker run --security-opt seccomp=unconfined`, in Kubernetes `seccompProfile: {type: Unconfined}`" };
}

/** The commands that map the ids of this process; undefined where the tools or the ranges are missing. */
export function subordinateMaps(): string[] | undefined {
  const [uid, gid] = [process.getuid!(), process.getgid!()];
  const user = { name: userName(), id: uid };
  const users = subordinateIds("/etc/subuid", user);
  const groups = subordinateIds("/etc/subgid", user);
  const [newuidmap, newgidmap] = [findProgram("newuidmap"), findProgram("newgidmap")];
  if (newuidmap === undefined || newgidmap === undefined || users.length === 0 || groups.length === 0 || !haveLibc()) return undefined;
  return [`${newuidmap} ${process.pid} ${idMap(uid, users).join(" ")}`, `${newgidmap} ${process.pid} ${idMap(gid, groups).join(" ")}`];
}

/** The commands by which all ids of this namespace but the last stay what they are, by which the new one is told from a machine's first; undefined where root may not map them. */
function sameMaps(): string[] | undefined {
  if (!effective(CAP.SETUID, CAP.SETGID)) return undefined;
  return ["uid_map", "gid_map"].map((map) => `printf '${sameIds(readFileSync(`/proc/self/${map}`, "utf8"))}' >/proc/${process.pid}/${map}`);
}

/** The map of a namespace below this one, with the ids that this one has: lines for printf. */
export function sameIds(map: string): string {
  const rows = map.trim().split("\n").map((row) => row.trim().split(/\s+/).map(Number));
  return rows.map(([inside = 0, , length = 0]) => `${inside} ${inside} ${Math.min(length, 0xffff_fffe - inside)}\\n`).join("");
}

/** The name in the passwd database; nothing for an id that has none. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return "";
  }
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
