import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { keepArchive } from "../../build/keep-archive.ts";
import { readArchive } from "../../image/read-archive.ts";
import { formatPlatform, platformMatches, type Platform } from "../../oci/platform.ts";
import { familiarReference, parseReference } from "../../oci/reference.ts";
import { fault } from "../../std/fault.ts";
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

/** Reads the images and indexes of an archive into the store; with a platform that image of each index. @returns docker's lines: `Loaded image: app:1.0` */
export async function loadImages(store: Store, { file, cwd, stdin, platform, signal }: LoadOptions): Promise<string[]> {
  if (file !== undefined) refuseFolder(resolve(cwd, file));
  await using handle = file === undefined ? undefined : await open(resolve(cwd, file));
  const input: AsyncIterable<Uint8Array> = handle ? handle.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false }) : stdin;
  const archive = await readArchive(input, store.blobs, { archive: file ?? "standard input", platform, indexes: true, signal });
  if (platform) refuseOthers(archive.images.map(({ image }) => image.config), { archive: file ?? "standard input", platform });
  const kept = keepArchive(store, archive);
  // As docker: ids are told where the whole archive has no name.
  const anyName = kept.some(({ names }) => names.length > 0);
  return kept.flatMap(({ id, names }) => (anyName ? names.map((name) => `Loaded image: ${familiarReference(parseReference(name))}`) : [`Loaded image ID: ${id}`]));
}

/** Images that stand in no index are taken as they are, so each has to be for the platform. @throws IMAGE_ARCHIVE_PLATFORM */
function refuseOthers(images: readonly Platform[], { archive, platform }: { readonly archive: string; readonly platform: Platform }): void {
  const others = images.filter((image) => !platformMatches(platform, image));
  if (others.length > 0) throw fault("IMAGE_ARCHIVE_PLATFORM", { archive, wanted: formatPlatform(platform), found: [...new Set(others.map(formatPlatform))] });
}
