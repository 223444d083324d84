import { portableImage } from "../../build/image-layers.ts";
import { lazyClient } from "../../build/lazy-client.ts";
import { GZIP } from "../../build/packing.ts";
import { portableIndex } from "../../build/portable-index.ts";
import { writeOutput } from "../../export/write-output.ts";
import { writeDockerArchive } from "../../image/write-archive.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { hostPlatform, type Platform } from "../../oci/platform.ts";
import { formatRepository, parseReference } from "../../oci/reference.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import { nameOf } from "./name-of.ts";

export interface SaveOptions {
  readonly dest: string;
  /** The image of that platform is written in place of an index. */
  readonly platform: Platform | undefined;
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/**
 * Writes images and indexes of the store to one archive; one that is named twice is in it once, with both names.
 * @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS, IMAGE_PLATFORM_MISSING
 */
export async function saveImages(store: Store, words: readonly string[], { dest, platform, cwd, signal }: SaveOptions): Promise<void> {
  const chosen = new Map<string, { record: ImageRecord; names: Set<string> }>();
  for (const word of words.flatMap((each) => wordsFor(store, each))) {
    const record = platform === undefined ? store.images.target(word) : store.images.find(word, platform);
    const entry = chosen.get(record.id) ?? { record, names: new Set<string>() };
    const name = nameOf(word);
    if (name !== undefined && record.names.includes(name)) entry.names.add(name);
    chosen.set(record.id, entry);
  }
  await using client = lazyClient({ insecure: false });
  const access = { client: client.get, recordOwners: insideUserNamespace()?.mapped === "one", stepId: "save", onProgress: () => {}, signal };
  const isWhole = ({ record }: { record: ImageRecord }): boolean => record.index?.digest === record.id;
  const all = [...chosen.values()];
  // Packed as a push would pack it, so that no layer is packed twice.
  const images = await Promise.all(all.filter((each) => !isWhole(each)).map(async ({ record, names }) => ({ image: await portableImage(store, record, GZIP, access), names: [...names] })));
  const indexes = await Promise.all(all.filter(isWhole).map(async ({ record, names }) => ({ ...(await portableIndex(store, record, access)), names: [...names] })));
  await writeOutput(dest, cwd, async (output) => void (await writeDockerArchive(images, store.blobs, output, { indexes, platform: hostPlatform(process.arch), signal })));
}

/** A name without a tag means all tags of the repository, as for docker; everything else itself. */
function wordsFor(store: Store, word: string): string[] {
  if (nameOf(word) === undefined || parseReference(word, { implicitTag: false }).tag !== undefined) return [word];
  const repository = formatRepository(parseReference(word));
  const names = store.images.list().flatMap((image) => image.names).filter((name) => formatRepository(parseReference(name)) === repository);
  return names.length > 0 ? names : [word];
}
