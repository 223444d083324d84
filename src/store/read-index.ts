import type { Digest } from "../oci/digest.ts";
import { parseImageConfig } from "../oci/image-config.ts";
import { MANIFEST_LIMIT, parseIndex, parseManifest, type Descriptor } from "../oci/manifest.ts";
import { isIndex, isManifest, layerCodec, mediaType } from "../oci/media-type.ts";
import { isAttestation } from "../oci/select-platform.ts";
import { fault } from "../std/fault.ts";
import type { BlobStore } from "./blob-store.ts";
import type { LayerBlob } from "./layer-blobs.ts";

/** An entry of an index, with what it is made of as far as that is here. */
export interface FoundPart {
  readonly descriptor: Descriptor;
  readonly present: boolean;
  readonly image?: { readonly id: Digest; readonly config: Uint8Array; readonly manifest: Uint8Array; readonly layers: readonly LayerBlob[] };
  /** What has to stay for it: manifest, config and layers. */
  readonly blobs: readonly Digest[];
}

export interface FoundIndex {
  readonly parts: readonly FoundPart[];
  /** Indexes in the index. */
  readonly documents: readonly Digest[];
}

const DEEPEST = 4;
const MOST_PARTS = 2_000;

/**
 * Reads an index and what it lists, from blobs that are in the store already.
 * @param isHere whether an entry's manifest, with all that it names, counts as being here
 * @throws DOCUMENT_INVALID, IMAGE_INCONSISTENT
 */
export function readIndex(blobs: BlobStore, bytes: Uint8Array, isHere: (descriptor: Descriptor) => boolean): FoundIndex {
  const parts: FoundPart[] = [];
  const documents: Digest[] = [];
  const read = (digest: Digest): Uint8Array => blobs.readBytes(digest, MANIFEST_LIMIT);
  const walk = (document: Uint8Array, depth: number): void => {
    for (const descriptor of parseIndex(document).manifests) {
      if (parts.length >= MOST_PARTS) throw fault("DOCUMENT_INVALID", { what: "the index", problem: `it lists more than ${MOST_PARTS} manifests` });
      if (isIndex(descriptor.mediaType) && depth < DEEPEST && blobs.has(descriptor.digest)) {
        documents.push(descriptor.digest);
        walk(read(descriptor.digest), depth + 1);
      } else parts.push(isHere(descriptor) && blobs.has(descriptor.digest) ? readPart(descriptor) : { descriptor, present: false, blobs: [] });
    }
  };
  const readPart = (descriptor: Descriptor): FoundPart => {
    // The index of a build cache names layers.
    if (!isManifest(descriptor.mediaType)) return { descriptor, present: true, blobs: [descriptor.digest] };
    const manifest = read(descriptor.digest);
    const { config, layers } = parseManifest(manifest, `the manifest ${descriptor.digest}`);
    const part = { descriptor, present: true, blobs: [descriptor.digest, config.digest, ...layers.map(({ digest }) => digest)] };
    if (isAttestation(descriptor) || (config.mediaType !== mediaType.ociConfig && config.mediaType !== mediaType.dockerConfig)) return part;
    if (!blobs.has(config.digest)) return { descriptor, present: false, blobs: [] };
    const configBytes = read(config.digest);
    const { os, architecture, variant, rootfs } = parseImageConfig(configBytes, `the config ${config.digest}`);
    if (rootfs.diff_ids.length !== layers.length) {
      throw fault("IMAGE_INCONSISTENT", { image: descriptor.digest, problem: `the config lists ${rootfs.diff_ids.length} layers and the manifest ${layers.length}` });
    }
    const platform = descriptor.platform ?? { os, architecture, ...(variant ? { variant } : {}) };
    return { ...part, descriptor: { ...descriptor, platform }, image: { id: config.digest, config: configBytes, manifest, layers: layerBlobs(layers, rootfs.diff_ids) } };
  };
  walk(bytes, 1);
  return { parts, documents };
}

function layerBlobs(layers: readonly Descriptor[], diffIds: readonly Digest[]): LayerBlob[] {
  return layers.flatMap(({ digest, size, mediaType: type }, index) => {
    const codec = layerCodec(type);
    return codec ? [{ diffId: diffIds[index]!, digest, size, mediaType: type, codec }] : [];
  });
}
