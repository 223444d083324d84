import { gzipSync } from "node:zlib";
import { sha256, type Digest } from "../../src/oci/digest.ts";
import { tarOf, type TarMember } from "./tar-of.ts";

/** A layer as the tests of hostile images make it: a tar archive, and what of it is put into the image. */
export interface SmallLayer {
  readonly tar: Uint8Array;
  /** Gzip of the tar, unless given. */
  readonly blob?: Uint8Array;
  /** The tar's own digest, unless given. */
  readonly diffId?: Digest;
}

export interface SmallImage {
  readonly manifest: Buffer;
  readonly config: Buffer;
  /** Bottom first. */
  readonly layers: readonly Digest[];
  /** Config, layers and manifest by digest. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** An OCI image of this machine's platform put together from layers, whatever these hold. */
export function smallImage(layers: readonly SmallLayer[], config: object = {}): SmallImage {
  const packed = layers.map(({ tar, blob = gzipSync(tar), diffId = sha256(tar) }) => ({ blob, diffId, digest: sha256(blob) }));
  const configBytes = Buffer.from(JSON.stringify({
    architecture: process.arch === "arm64" ? "arm64" : "amd64", os: "linux", config: { Cmd: ["sh"], ...config },
    rootfs: { type: "layers", diff_ids: packed.map(({ diffId }) => diffId) },
    history: packed.map(() => ({ created: "2026-01-01T00:00:00Z", created_by: "made by a test" })),
  }));
  const manifest = Buffer.from(JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: sha256(configBytes), size: configBytes.length },
    layers: packed.map(({ blob, digest }) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: blob.length })),
  }));
  return {
    manifest, config: configBytes, layers: packed.map(({ digest }) => digest),
    blobs: new Map<string, Uint8Array>([[sha256(configBytes), configBytes], [sha256(manifest), manifest], ...packed.map(({ digest, blob }) => [digest, blob] as const)]),
  };
}

/** The image as an archive that `sampan load` takes. */
export function ociArchive({ manifest, blobs }: SmallImage, name: string): Buffer {
  const index = {
    schemaVersion: 2,
    manifests: [{
      mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256(manifest), size: manifest.length,
      annotations: { "io.containerd.image.name": `docker.io/library/${name}`, "org.opencontainers.image.ref.name": name.slice(name.indexOf(":") + 1) },
    }],
  };
  const members: TarMember[] = [...blobs].map(([digest, content]) => ({ path: `blobs/sha256/${digest.slice(7)}`, content }));
  return tarOf([{ path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' }, { path: "index.json", content: JSON.stringify(index) }, ...members]);
}
