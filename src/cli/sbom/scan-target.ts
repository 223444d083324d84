import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { formatLocation, type Location } from "../../carry/location.ts";
import { openSource } from "../../carry/open-place.ts";
import { unpackImage } from "../../carry/unpack-image.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import type { Digest } from "../../oci/digest.ts";
import { formatPlatform, platformMatches, type Platform } from "../../oci/platform.ts";
import { formatRepository } from "../../oci/reference.ts";
import type { Subject } from "../../scan/documents/subject.ts";
import { imageUrl } from "../../scan/package-url.ts";
import type { Scan, ScanOptions } from "../../scan/scan-root.ts";
import { fault, isFault } from "../../std/fault.ts";
import { inWorker } from "../../std/worker-pool.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import { removeTree } from "../../store/remove-tree.ts";
import { withSurroundings, type CopyCall } from "../copy/surroundings.ts";
import { unpackedLayers } from "../images/unpacked-layers.ts";
import { withStore } from "../with-store.ts";
import type { ScanTarget } from "./parse-target.ts";

export interface ScannedTarget {
  readonly subject: Subject;
  readonly scan: Scan;
  /** Of an image: digests of its layers' tars, bottom first. */
  readonly layers?: readonly Digest[];
}

export interface ScanCall extends Pick<CopyCall, "io" | "access" | "signal"> {
  readonly platform: Platform;
  /** Whether a platform was named, which an image of the store then has to be for. */
  readonly platformGiven: boolean;
}

/** Looks for the packages of an image or folder. */
export async function scanTarget(target: ScanTarget, call: ScanCall): Promise<ScannedTarget> {
  if (target.kind === "folder") {
    return { subject: { kind: "folder", name: target.name }, scan: await scan({ layers: [target.path], source: true }, call.signal) };
  }
  return await withStore(async (store) => {
    if (target.kind === "place") return scanPlace(store, target.location, call);
    const image = findImage(store, target);
    if (image) return scanStored(store, image, target.name, call);
    return target.otherwise!.kind === "folder" ? scanTarget(target.otherwise!, call) : scanPlace(store, target.otherwise!.location, call);
  });
}

/** Nothing where it is to be looked for elsewhere. @throws IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS */
function findImage(store: Store, { name, otherwise }: Extract<ScanTarget, { kind: "image" }>): ImageRecord | undefined {
  try {
    return store.images.find(name);
  } catch (error) {
    if (otherwise !== undefined && isFault(error, "IMAGE_NOT_FOUND")) return undefined;
    throw error;
  }
}

async function scanStored(store: Store, image: ImageRecord, name: string, { signal, platform, platformGiven }: ScanCall): Promise<ScannedTarget> {
  if (platformGiven && !platformMatches(platform, image.config)) {
    throw fault("PLATFORM_UNAVAILABLE", { reference: name, platform: formatPlatform(platform), available: [formatPlatform(image.config)] });
  }
  const { layers } = await unpackedLayers(store, image, { signal });
  return { subject: { kind: "image", name, digest: image.id }, scan: await scan({ layers }, signal), ...(image.config.rootfs.diff_ids.length === layers.length ? { layers: image.config.rootfs.diff_ids } : {}) };
}

async function scanPlace(store: Store, location: Location, { platform, signal, ...call }: ScanCall): Promise<ScannedTarget> {
  const folder = mkdtempSync(join(store.temporary, "scan-"));
  try {
    return await withSurroundings([location], { ...call, signal, onProgress: () => undefined }, async (around) => {
      await using source = await openSource(location, around, signal);
      const image = await unpackImage(source, { platform, folder, recordOwners: insideUserNamespace()?.mapped === "one", signal });
      const purl = location.kind === "registry" ? imageUrl(formatRepository(location.reference), image.digest, image.platform.architecture) : undefined;
      return { subject: { kind: "image", name: formatLocation(location), digest: image.digest, ...(purl === undefined ? {} : { purl }) }, scan: await scan({ layers: image.layers }, signal), layers: image.diffIds };
    });
  } finally {
    await removeTree(folder);
  }
}

function scan(options: ScanOptions, signal: AbortSignal): Promise<Scan> {
  return inWorker<ScanOptions, Scan>("scan/scan-root.ts", "scanRoot", options, { signal });
}
