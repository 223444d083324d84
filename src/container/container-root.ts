import type { RunJob } from "../exec/run-job.ts";
import type { ContainerRecord } from "../store/container-record.ts";
import type { Store } from "../store/open-store.ts";

/** The root of a container: its writable layer over its image's. @throws SNAPSHOT_MISSING */
export function containerRoot(store: Store, record: ContainerRecord): RunJob["root"] {
  const lowers = record.snapshot === undefined ? [] : store.snapshots.lowers(record.snapshot);
  // What goes when the container ends need not wait for the disk.
  return { kind: "overlay", lowers, ...store.containers.layer(record.id), lasting: !record.autoRemove };
}
