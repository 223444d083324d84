import { lstatSync } from "node:fs";
import { dirname, join } from "node:path";
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
  const { upper } = store.containers.layer(id);
  const all = [...diffLayer(upper, lowers)];
  const ours = ({ path }: { path: string }): boolean => mounted.has(path) && below.lstat(path) === undefined;
  const around = new Set(all.filter(ours).map(({ path }) => dirname(path)));
  const others = all.filter((change) => !ours(change));
  // The folder of a mount point is another one only by the time that this was made.
  const untouched = (path: string): boolean =>
    around.has(path) && !others.some((other) => other.path.startsWith(`${path}/`)) && below.lstat(path)?.stat.mode === lstatSync(join(upper, path)).mode;
  return others.filter(({ path }) => !untouched(path)).map(({ path, whiteout }) => {
    if (whiteout) return `D /${path.replace(/(^|\/)\.wh\.([^/]*)$/, "$1$2")}`;
    return `${below.lstat(path) === undefined ? "A" : "C"} /${path}`;
  });
}
