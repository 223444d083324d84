import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { applyLayer } from "../layer/apply-layer.ts";
import type { Digest } from "../oci/digest.ts";
import { parseImageConfig } from "../oci/image-config.ts";
import { parseManifest } from "../oci/manifest.ts";
import { layerCodec } from "../oci/media-type.ts";
import type { Platform } from "../oci/platform.ts";
import { fault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import { chooseRoot } from "./choose-root.ts";
import type { Source } from "./place.ts";
import { readBlob } from "./read-blob.ts";
import { verified } from "./verified.ts";

/** An image whose layers lie unpacked in folders. */
export interface UnpackedImage {
  /** Of its manifest. */
  readonly digest: Digest;
  readonly platform: Platform;
  /** Folders in overlayfs' form, top first. */
  readonly layers: readonly string[];
  /** Digests of the layers' tars, bottom first. */
  readonly diffIds: readonly Digest[];
}

/**
 * Unpacks an image into a folder that is there and empty, without the store keeping anything of it.
 * @throws PLATFORM_UNAVAILABLE, DOCUMENT_INVALID, IMAGE_INCONSISTENT, CONTENT_MISMATCH, and what applying a layer throws
 */
export async function unpackImage(source: Source, options: { readonly platform: Platform; readonly folder: string; readonly recordOwners: boolean; readonly signal: AbortSignal }): Promise<UnpackedImage> {
  const { signal, folder } = options;
  const { document } = await chooseRoot(source, await source.root(signal), [options.platform], signal);
  const manifest = parseManifest(document.bytes, `the manifest of ${source.name}`);
  const { os, architecture, variant, rootfs } = parseImageConfig(await readBlob(source, manifest.config, signal), `the config of ${source.name}`);
  if (manifest.layers.length !== rootfs.diff_ids.length) {
    throw fault("IMAGE_INCONSISTENT", { image: source.name, problem: `its manifest lists ${manifest.layers.length} layers and its config ${rootfs.diff_ids.length}` });
  }
  const layers: string[] = [];
  for (const [index, layer] of manifest.layers.entries()) {
    const codec = layerCodec(layer.mediaType);
    if (codec === undefined) throw fault("IMAGE_INCONSISTENT", { image: source.name, problem: `${layer.mediaType} is no type of a layer` });
    const [blob, target] = [join(folder, `${index}.blob`), join(folder, `${index}`)];
    await pipeline(verified(source.blobOpen(layer, { start: 0, signal }), layer, source.name), createWriteStream(blob), { signal });
    mkdirSync(target);
    await inWorker<Parameters<typeof applyLayer>[0], Awaited<ReturnType<typeof applyLayer>>>("layer/apply-layer.ts", "applyLayer",
      { blob, codec, target, lowers: layers, recordOwners: options.recordOwners, expectedDiffId: rootfs.diff_ids[index]!, name: layer.digest }, { signal });
    rmSync(blob);
    layers.unshift(target);
  }
  return { digest: document.digest, platform: { os, architecture, ...(variant ? { variant } : {}) }, layers, diffIds: rootfs.diff_ids };
}
