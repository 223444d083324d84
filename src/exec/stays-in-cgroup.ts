import { basename } from "node:path";

/**
 * Whether an OCI runtime can leave a container in the cgroup that it is started in. Then nothing is left behind, whatever ends
 * the container; of the runtimes, crun only can do that. The others make a cgroup of their own.
 */
export function staysInCgroup(runtime: string): boolean {
  return basename(runtime) === "crun";
}
