/** Media types of image-spec 1.1 and of Docker's image manifest version 2, schema 2. */
export const mediaType = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
} as const;

/** How the bytes of a layer blob are packed. */
export type Codec = "none" | "gzip" | "zstd";

export function isIndex(type: string): boolean {
  return type === mediaType.ociIndex || type === mediaType.dockerList;
}

export function isManifest(type: string): boolean {
  return type === mediaType.ociManifest || type === mediaType.dockerManifest;
}

/** The codec that a layer's media type announces, or undefined where it is no layer type. */
export function layerCodec(type: string): Codec | undefined {
  if (/^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar$/.test(type)) return "none";
  if (/^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar\+gzip$/.test(type)) return "gzip";
  if (/^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar\+zstd$/.test(type)) return "zstd";
  if (/^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar$/.test(type)) return "none";
  if (/^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar\.gzip$/.test(type)) return "gzip";
  if (/^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar\.zstd$/.test(type)) return "zstd";
  return undefined;
}

/** The OCI media type of a layer packed with that codec. */
export function ociLayerType(codec: Codec): string {
  return { none: mediaType.ociLayer, gzip: mediaType.ociLayerGzip, zstd: mediaType.ociLayerZstd }[codec];
}

/** What Docker calls a layer that OCI calls that. */
export function dockerLayerType(type: string): string {
  if (!type.startsWith("application/vnd.oci.image.layer.")) return type;
  const codec = layerCodec(type);
  return `application/vnd.docker.image.rootfs.${type.includes(".nondistributable.") ? "foreign." : ""}diff.tar${codec === undefined || codec === "none" ? "" : `.${codec}`}`;
}
