import { sha256, type Digest } from "../oci/digest.ts";
import { parseImageConfig, type ImageConfig } from "../oci/image-config.ts";
import { parseManifest, serializeManifest, type Descriptor, type Manifest } from "../oci/manifest.ts";
import { dockerLayerType, layerCodec, mediaType, type Codec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";

/** An image as it was packed: nothing of it changes, its layers' bytes are blobs elsewhere. */
export interface Image {
  /** Digest of the config, which Docker calls the image id. */
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly configBytes: Uint8Array;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** Media type, digest and size of the manifest. */
  readonly descriptor: Descriptor;
  /** Bottom first. */
  readonly layers: readonly ImageLayer[];
}

export interface ImageLayer {
  readonly descriptor: Descriptor;
  /** Digest of the layer's tar. */
  readonly diffId: Digest;
  /** What the media type promises; undefined for a type that is not known. */
  readonly codec: Codec | undefined;
}

/**
 * The view of a manifest and its config.
 * @throws DOCUMENT_INVALID, IMAGE_INCONSISTENT where the two do not belong together
 */
export function createImage(parts: { readonly manifest: { readonly bytes: Uint8Array; readonly mediaType: string }; readonly config: Uint8Array }): Image {
  const manifest = parseManifest(parts.manifest.bytes);
  const digest = sha256(parts.manifest.bytes);
  const id = sha256(parts.config);
  const inconsistent = (problem: string): Error => fault("IMAGE_INCONSISTENT", { image: digest, problem });
  if (manifest.config.digest !== id) throw inconsistent(`its config should be ${manifest.config.digest} and is ${id}`);
  const config = parseImageConfig(parts.config, `the config ${id}`);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw inconsistent(`the config lists ${diffIds.length} layers and the manifest ${manifest.layers.length}`);
  }
  return {
    id,
    config,
    configBytes: parts.config,
    manifest,
    manifestBytes: parts.manifest.bytes,
    descriptor: { mediaType: manifest.mediaType ?? parts.manifest.mediaType, digest, size: parts.manifest.bytes.length },
    layers: manifest.layers.map((descriptor, index) => ({ descriptor, diffId: diffIds[index]!, codec: layerCodec(descriptor.mediaType) })),
  };
}

/** The same image with Docker's media types, for registries that know no others. */
export function asDockerImage({ configBytes, manifest: { layers, annotations } }: Image): Image {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaType.dockerManifest,
    config: { mediaType: mediaType.dockerConfig, digest: sha256(configBytes), size: configBytes.length },
    layers: layers.map((layer) => ({ ...layer, mediaType: dockerLayerType(layer.mediaType) })),
    ...(annotations ? { annotations } : {}),
  };
  return createImage({ config: configBytes, manifest: { bytes: serializeManifest(manifest), mediaType: mediaType.dockerManifest } });
}

/**
 * Puts config and packed layers together under a new OCI manifest, as BuildKit writes it.
 * @param parts layers are bottom first, one for each diffId of the config
 * @throws DOCUMENT_INVALID, IMAGE_INCONSISTENT
 */
export function assembleImage(parts: {
  readonly config: Uint8Array;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}): Image {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: sha256(parts.config), size: parts.config.length },
    layers: parts.layers,
    ...(parts.annotations ? { annotations: parts.annotations } : {}),
  };
  return createImage({ config: parts.config, manifest: { bytes: serializeManifest(manifest), mediaType: mediaType.ociManifest } });
}
