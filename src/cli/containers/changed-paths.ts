import { diffLayer } from "../../layer/diff-layer.ts";
import { Union } from "../../snapshot/union.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";

/** What is made in the layer to mount on, while the container runs. */
const MOUNT_POINTS = ["dev", "proc", "sys", "etc/hosts", "etc/resolv.conf"];

/** Lines of `docker diff`: `A /new`, `C /etc`, `D /gone`. @throws FILE_NAME_INVALID */
export function changedPaths(store: Store, { id, snapshot, spec }: ContainerRecord): string[] {
  const lowers = snapshot === undefined ? [] : store.snapshots.lowers(snapshot);
  const below = new Union(lowers);
  const mounted = new Set([...MOUNT_POINTS, ...[...spec.job.mounts, ...(spec.job.tmpfs ?? [])].map(({ target }) => target.replace(/^\/+|\/+$/g, ""))]);
  const changes = [...diffLayer(store.containers.layer(id).upper, lowers)].filter(({ path }) => !mounted.has(path) || below.lstat(path) !== undefined);
  return changes.map(({ path, whiteout }) => {
    if (whiteout) return `D /${path.replace(/(^|\/)\.wh\.([^/]*)$/, "$1$2")}`;
    return `${below.lstat(path) === undefined ? "A" : "C"} /${path}`;
  });
}
