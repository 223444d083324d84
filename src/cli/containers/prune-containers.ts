import { isUp } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import type { PruneFilters } from "../prune/prune-filters.ts";
import { folderBytes } from "./folder-bytes.ts";

/** Removes all containers that do not run and pass the filters. @returns their ids and the bytes of what they had written */
export async function pruneContainers(store: Store, { until = Infinity, labels }: PruneFilters): Promise<{ removed: string[]; bytes: number }> {
  const removed: string[] = [];
  let bytes = 0;
  for (const record of store.containers.list()) {
    // One that another process is just making or starting is left to it.
    if (isUp(record.state) || record.supervisor !== undefined || record.createdAt >= until || !labels(record.spec.labels)) continue;
    const size = folderBytes(store.containers.layer(record.id).upper);
    if (!(await store.containers.remove(record.id))) continue;
    removed.push(record.id);
    bytes += size;
  }
  return { removed, bytes };
}
