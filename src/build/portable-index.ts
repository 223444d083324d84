import type { NamedIndex } from "../image/pack-archive.ts";
import { MANIFEST_LIMIT, parseIndex, parseManifest } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-type.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";
import { portableImage, type LayerAccess } from "./image-layers.ts";
import { GZIP } from "./packing.ts";

/** An index of the store as archives take it: with all blobs of what is here of it in the store. */
export async function portableIndex(store: Store, record: ImageRecord, access: LayerAccess): Promise<Omit<NamedIndex, "names">> {
  const { digest, mediaType, parts } = record.index!;
  const images = await Promise.all(parts.flatMap((part) => {
    const image = store.images.ofPart(record, part);
    return image ? [portableImage(store, image, GZIP, access)] : [];
  }));
  const read = (wanted: typeof digest): Uint8Array => store.blobs.readBytes(wanted, MANIFEST_LIMIT);
  const bytes = read(digest);
  const others: NonNullable<NamedIndex["others"]>[number][] = parts.flatMap(({ present, image, descriptor }) => {
    if (!present || image !== undefined || !isManifest(descriptor.mediaType)) return [];
    const document = read(descriptor.digest);
    const { config, layers } = parseManifest(document);
    return [{ descriptor, bytes: document, blobs: [config, ...layers].map((blob) => blob.digest) }];
  });
  const addInner = (index: Uint8Array): void => {
    for (const descriptor of parseIndex(index).manifests) {
      if (!isIndex(descriptor.mediaType) || !store.blobs.has(descriptor.digest)) continue;
      const inner = read(descriptor.digest);
      others.push({ descriptor, bytes: inner, blobs: [] });
      addInner(inner);
    }
  };
  addInner(bytes);
  return { index: { descriptor: { mediaType, digest, size: bytes.length }, bytes }, images, others };
}
