import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { fault } from "../../std/fault.ts";

/** @throws MOUNT_REFUSED for an ordinary user, who can mount in a namespace of a process only */
export function refuseRootlessMount(): void {
  if (process.getuid!() === 0 && insideUserNamespace() === undefined) return;
  throw fault("MOUNT_REFUSED", { path: "", problem: "an ordinary user's mounts end with the process that made them, and fuse-overlayfs is not supported" });
}
