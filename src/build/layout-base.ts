import { resolve } from "node:path";
import { carryImage } from "../carry/carry-image.ts";
import type { Source } from "../carry/place.ts";
import { folderFiles } from "../carry/places/layout-files.ts";
import { layoutDocument, layoutSource, readEntries } from "../carry/places/layout-source.ts";
import { storeSink } from "../carry/places/store-sink.ts";
import { isDigest, sha256, type Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { Platform } from "../oci/platform.ts";
import { fault } from "../std/fault.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";

const SCHEME = "oci-layout://";

/**
 * Brings the image of an OCI layout, `oci-layout://path[:tag][@digest]`, into the store, where it gets no name. With both, the digest counts.
 * @throws LAYOUT_INVALID, LAYOUT_NAME, PLATFORM_UNAVAILABLE, NAMED_CONTEXT_INVALID
 */
export async function importLayoutBase(store: Store, name: string, { cwd, platform, signal }: { cwd: string; platform: Platform; signal?: AbortSignal }): Promise<ImageRecord> {
  const { path, tag, digest } = parseLayoutName(name);
  const folder = resolve(cwd, path);
  await using source = openLayout(folder, { name, tag, digest });
  let config: Digest | undefined;
  const sink = storeSink(store, undefined);
  await carryImage(source, { ...sink, finish: async (root, about) => {
    config = parseManifest(root.bytes).config.digest;
    await sink.finish(root, about);
  } }, { platforms: [platform], ...(signal ? { signal } : {}) });
  return store.images.get(config!)!;
}

function parseLayoutName(name: string): { path: string; tag: string | undefined; digest: Digest | undefined } {
  const text = name.slice(SCHEME.length);
  const at = text.lastIndexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw fault("NAMED_CONTEXT_INVALID", { problem: `${JSON.stringify(digest)} in ${name} is no digest` });
  const [, path = "", tag] = /^(.*?)(?::([\w][\w.-]{0,127}))?$/s.exec(at < 0 ? text : text.slice(0, at)) ?? [];
  return { path, tag, digest };
}

function openLayout(folder: string, { name, tag, digest }: { name: string; tag: string | undefined; digest: Digest | undefined }): Source {
  const files = folderFiles(folder);
  const source = layoutSource(files, { name, ...(tag === undefined ? {} : { tag }) });
  if (digest === undefined) return source;
  const root: Source["root"] = async (signal) => {
    const entry = (await readEntries(files, signal)).find((each) => each.digest === digest);
    return layoutDocument(files, entry ?? { digest, mediaType: "application/vnd.oci.image.manifest.v1+json" }, signal);
  };
  return { ...source, root };
}

/** Under this name the graph knows the image; it is the same for the same image. */
export function layoutReference(name: string, image: ImageRecord): string {
  return `${name.replace(/@.*/, "")}@${image.manifest?.digest ?? sha256(name)}`;
}
