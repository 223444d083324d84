import { portableImage } from "../../build/image-layers.ts";
import { lazyClient } from "../../build/lazy-client.ts";
import { GZIP } from "../../build/packing.ts";
import { writeOutput } from "../../export/write-output.ts";
import { writeDockerArchive } from "../../image/write-archive.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import { nameOf } from "./name-of.ts";

/** Writes images of the store to one archive; an image that is named twice is in it once, with both names. */
export async function saveImages(store: Store, words: readonly string[], { dest, cwd, signal }: { dest: string; cwd: string; signal: AbortSignal }): Promise<void> {
  const chosen = new Map<string, { record: ImageRecord; names: Set<string> }>();
  for (const word of words) {
    const record = store.images.find(word);
    const entry = chosen.get(record.id) ?? { record, names: new Set<string>() };
    const name = nameOf(word);
    if (name !== undefined && record.names.includes(name)) entry.names.add(name);
    chosen.set(record.id, entry);
  }
  await using client = lazyClient({ insecure: false });
  const recordOwners = insideUserNamespace()?.mapped === "one";
  const images = await Promise.all([...chosen.values()].map(async ({ record, names }) => ({
    // Packed as a push would pack it, so that no layer is packed twice.
    image: await portableImage(store, record, GZIP, { client: client.get, recordOwners, stepId: "save", onProgress: () => {}, signal }),
    names: [...names],
  })));
  await writeOutput(dest, cwd, async (output) => void (await writeDockerArchive(images, store.blobs, output, { signal })));
}
