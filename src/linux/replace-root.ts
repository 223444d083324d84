import { closeSync, constants, openSync } from "node:fs";
import { heldCapabilities } from "./capabilities.ts";
import { libc } from "./libc.ts";
import { attach, cloneMount, detach, mount, MOUNT_ATTR, MS, restrictMount } from "./mount.ts";
import { enterMountNamespace } from "./namespace.ts";
import { changeFolder, changeRoot } from "./process.ts";
import { throwErrno } from "./system-error.ts";

const pivotRootCall = libc("int pivot_root(const char *root, const char *old)");

const CAP_SYS_CHROOT = 1n << 18n;

/**
 * Makes the working directory, a mount, the root of this mount namespace. All of the old root is read-only then, for those
 * that got hold of a file of it, and nothing of it can be reached by a path any more. Where this process is in a chroot, what lies
 * outside of that is gone as well: else ".." would lead there for who has CAP_SYS_CHROOT, as root of Docker's containers has, and
 * who joins the namespace would stand there.
 */
export function replaceRoot(): void {
  leaveChroot();
  const old = openSync("/", constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    pivotRoot();
    restrictMount(old, MOUNT_ATTR.RDONLY, { recursive: true });
    detach("."); // the old root lies on the new one, and is "." (pivot_root(2), NOTES)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== "pivot_root" || (error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    coverRoot(old);
  } finally {
    closeSync(old);
  }
  process.chdir("/");
}

/**
 * Makes "/" the root of this thread's mount namespace, which it is not for what was started in a chroot; the working directory stays.
 * The mounts outside of the chroot are shared with the machine so far, where they would go as well when they are detached here.
 * Without CAP_SYS_CHROOT, which no command can get here then, nothing happens.
 */
function leaveChroot(): void {
  if ((heldCapabilities() & CAP_SYS_CHROOT) === 0n) return;
  const folder = openSync(".", constants.O_RDONLY | constants.O_DIRECTORY);
  const namespace = openSync("/proc/self/ns/mnt", "r");
  enterMountNamespace(namespace);
  mount("none", "/", null, MS.REC | MS.PRIVATE);
  changeFolder(folder);
  for (const fd of [folder, namespace]) closeSync(fd);
}

function pivotRoot(): void {
  if (pivotRootCall(".", ".") !== 0) throwErrno("pivot_root", ".");
}

/**
 * Docker's containers may not call pivot_root(2), whatever their rights (moby, profiles/seccomp). So the working directory is
 * hung over the old root, as initial file systems do (switch_root(8)); only who may unmount would get below it.
 */
function coverRoot(old: number): void {
  const root = cloneMount(".", { recursive: true }); // not below the old root, which becomes read-only
  restrictMount(old, MOUNT_ATTR.RDONLY, { recursive: true });
  changeFolder(root);
  attach(root, "/");
  changeRoot(".");
}
