import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { readArchive } from "../../image/read-archive.ts";
import type { Platform } from "../../oci/platform.ts";
import { familiarReference, parseReference } from "../../oci/reference.ts";
import type { Store } from "../../store/open-store.ts";
import { refuseFolder } from "../refuse-folder.ts";

export interface LoadOptions {
  /** Path of the archive; standard input where there is none. */
  readonly file: string | undefined;
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly platform: Platform | undefined;
  readonly signal: AbortSignal;
}

/** Reads the images of an archive into the store. @returns docker's lines: `Loaded image: app:1.0` */
export async function loadImages(store: Store, { file, cwd, stdin, platform, signal }: LoadOptions): Promise<string[]> {
  if (file !== undefined) refuseFolder(resolve(cwd, file));
  await using handle = file === undefined ? undefined : await open(resolve(cwd, file));
  const input: AsyncIterable<Uint8Array> = handle ? handle.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false }) : stdin;
  const { images } = await readArchive(input, store.blobs, { archive: file ?? "standard input", platform, signal });
  // As docker: ids are told where the whole archive has no name.
  const anyName = images.some(({ names }) => names.length > 0);
  return images.flatMap(({ image, names }) => {
    for (const { descriptor, diffId, codec } of image.layers) {
      if (codec) store.layers.remember({ diffId, digest: descriptor.digest, size: descriptor.size, mediaType: descriptor.mediaType, codec });
    }
    store.images.put({ config: image.configBytes, manifest: { bytes: image.manifestBytes, mediaType: image.descriptor.mediaType }, names });
    if (!anyName) return [`Loaded image ID: ${image.id}`];
    return names.map((name) => `Loaded image: ${familiarReference(parseReference(name))}`);
  });
}
