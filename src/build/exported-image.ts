import { asDockerImage, assembleImage, type Image } from "../image/image.ts";
import type { BlobSource } from "../image/blobs.ts";
import type { Platform } from "../oci/platform.ts";
import { CleanupStack } from "../std/cleanup-stack.ts";
import type { Store } from "../store/open-store.ts";
import type { WrittenOutput } from "./build-options.ts";
import type { ConvertedImage } from "./converted-image.ts";
import type { FinishedBuild } from "./finish-build.ts";
import { portableImage, type LayerAccess } from "./image-layers.ts";
import { LazyBlobs } from "./lazy-blobs.ts";
import { epochOf, isRestamped, isRewritten, packingOf } from "./outputs.ts";
import type { Packing } from "./packing.ts";

/** The image of one platform as an output takes it. */
export interface ExportedImage extends Disposable {
  readonly platform: Platform;
  readonly build: FinishedBuild;
  readonly image: Image;
  readonly blobs: BlobSource;
  /** Whether its media types are Docker's. */
  readonly docker: boolean;
}

/**
 * Packs a build's image as an output wants it, with other times where it wants that; annotations make another manifest of it.
 * @param options.access.taker gets layers while they are packed
 */
export async function exportedImage(
  store: Store, build: FinishedBuild, options: { readonly output: WrittenOutput; /** Whether its media types are Docker's. */ readonly docker: boolean; readonly annotations: Readonly<Record<string, string>>; readonly access: LayerAccess },
): Promise<ExportedImage> {
  const { output, annotations } = options;
  const packing = packingOf(output);
  const access = { ...options.access, base: build.base };
  using cleanup = new CleanupStack();
  const epoch = isRestamped(output) ? epochOf(output, build.graph.epoch) : undefined;
  const portable = epoch !== undefined ? await restamped(store, build, output, epoch, access, cleanup) : await portableImage(store, store.images.get(build.image!.id)!, packing, access);
  const converted = packing.force ? cleanup.use(await convert(store, portable, packing, access)) : undefined;
  const annotated = annotate(converted?.image ?? portable, annotations);
  const image = options.docker ? asDockerImage(annotated) : annotated;
  const kept = cleanup.move();
  return { platform: build.platform, build, image, docker: options.docker, blobs: converted ?? new LazyBlobs(store, access), [Symbol.dispose]: () => kept[Symbol.dispose]() };
}

/** The build's image with the times of an output, in the store as long as the output is written, or for good where that is the store. */
async function restamped(store: Store, build: FinishedBuild, output: WrittenOutput, epoch: number, access: LayerAccess, cleanup: CleanupStack): Promise<Image> {
  const { restampedImage } = await import("./restamped-image.ts");
  const made = await restampedImage(store, build, { epoch, files: isRewritten(output, epoch), packing: packingOf(output), access });
  if (store.images.get(made.id) === undefined) {
    store.images.put({ config: made.configBytes, names: [] });
    if (output.type !== "store") cleanup.defer(() => store.images.removeUnnamed(made.id));
  }
  return made;
}

async function convert(store: Store, image: Image, packing: Packing, access: LayerAccess): Promise<ConvertedImage> {
  const { ConversionChanged, ConvertedImage } = await import("./converted-image.ts");
  const { taker, ...others } = access;
  try {
    return await ConvertedImage.make(store, image, packing, { ...others, ...(taker ? { taker } : {}), believe: false });
  } catch (error) {
    if (error instanceof ConversionChanged) return ConvertedImage.make(store, image, packing, { ...others, believe: false });
    throw error;
  }
}

/** The same image with annotations in its manifest, which then is an OCI one. */
function annotate(image: Image, annotations: Readonly<Record<string, string>>): Image {
  if (Object.keys(annotations).length === 0) return image;
  return assembleImage({ config: image.configBytes, layers: image.layers.map(({ descriptor }) => descriptor), annotations: { ...image.manifest.annotations, ...annotations } });
}
