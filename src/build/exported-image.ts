import { assembleImage, type Image } from "../image/image.ts";
import type { BlobSource } from "../image/blobs.ts";
import type { Platform } from "../oci/platform.ts";
import type { Store } from "../store/open-store.ts";
import { ConversionChanged, ConvertedImage } from "./converted-image.ts";
import type { FinishedBuild } from "./finish-build.ts";
import { portableImage, type LayerAccess } from "./image-layers.ts";
import { LazyBlobs } from "./lazy-blobs.ts";
import type { Packing } from "./packing.ts";

/** The image of one platform as an output takes it. */
export interface ExportedImage extends Disposable {
  readonly platform: Platform;
  readonly build: FinishedBuild;
  readonly image: Image;
  readonly blobs: BlobSource;
}

/**
 * Packs a build's image as an output wants it; annotations make another manifest of it.
 * @param access.taker gets layers while they are packed
 */
export async function exportedImage(
  store: Store, build: FinishedBuild, options: { readonly packing: Packing; readonly annotations: Readonly<Record<string, string>>; readonly access: LayerAccess },
): Promise<ExportedImage> {
  const { packing, annotations } = options;
  const access = { ...options.access, base: build.base };
  const portable = await portableImage(store, store.images.get(build.image!.id)!, packing, access);
  const converted = packing.force ? await convert(store, portable, packing, access) : undefined;
  const image = annotate(converted?.image ?? portable, annotations);
  return { platform: build.platform, build, image, blobs: converted ?? new LazyBlobs(store, access), [Symbol.dispose]: () => converted?.[Symbol.dispose]() };
}

async function convert(store: Store, image: Image, packing: Packing, access: LayerAccess): Promise<ConvertedImage> {
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
