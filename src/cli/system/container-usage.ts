import type { Digest } from "../../oci/digest.ts";
import { isUp } from "../../store/container-record.ts";
import type { KindUsage } from "../../store/disk-usage.ts";
import type { Store } from "../../store/open-store.ts";
import { folderBytes } from "../containers/folder-bytes.ts";

/** What containers have written, and how many there are of each image; those that run are active. */
export function containerUsage(store: Store): KindUsage & { readonly byImage: ReadonlyMap<Digest, number> } {
  const byImage = new Map<Digest, number>();
  let [active, size, reclaimable] = [0, 0, 0];
  const records = store.containers.list();
  for (const { id, image, state } of records) {
    const bytes = folderBytes(store.containers.layer(id).upper);
    byImage.set(image, (byImage.get(image) ?? 0) + 1);
    size += bytes;
    if (isUp(state)) active += 1;
    else reclaimable += bytes;
  }
  return { count: records.length, active, size, reclaimable, byImage };
}
