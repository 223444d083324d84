import { materializeImage } from "../../build/image-layers.ts";
import { lazyClient } from "../../build/lazy-client.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";

/** The image's layers as folders, top first, and its top snapshot; what is not unpacked yet is, and fetched where it has to be. */
export async function unpackedLayers(store: Store, image: ImageRecord, { signal }: { signal: AbortSignal }): Promise<{ snapshot: string | undefined; layers: string[] }> {
  await using client = lazyClient({ insecure: false });
  const recordOwners = insideUserNamespace()?.mapped === "one";
  const snapshot = await materializeImage(store, image, { client: client.get, recordOwners, stepId: "unpack", onProgress: () => {}, signal });
  return { snapshot, layers: snapshot === undefined ? [] : store.snapshots.lowers(snapshot) };
}
