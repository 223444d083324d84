import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { sha256, type Digest } from "../../src/oci/digest.ts";
import type { Descriptor } from "../../src/oci/manifest.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import { hostPlatform, parsePlatform } from "../../src/oci/platform.ts";
import { tarOf } from "./tar-of.ts";

/** Blobs and manifests by digest, made by a test to be carried about. */
export class Cargo {
  readonly blobs = new Map<Digest, Uint8Array>();

  add(bytes: Uint8Array, type: string, more: Partial<Descriptor> = {}): Descriptor {
    const digest = sha256(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType: type, digest, size: bytes.length, ...more };
  }

  document(value: object & { readonly mediaType: string }, more: Partial<Descriptor> = {}): Descriptor {
    return this.add(Buffer.from(JSON.stringify(value)), value.mediaType, more);
  }

  /** An image of one small layer. */
  image(platform: string, text: string): Descriptor {
    const { os, architecture, variant } = parsePlatform(platform);
    const tar = tarOf([{ path: "hello", content: text }]);
    const config = this.add(Buffer.from(JSON.stringify({
      architecture, os, ...(variant ? { variant } : {}), config: { Cmd: ["/hello"] }, rootfs: { type: "layers", diff_ids: [sha256(tar)] },
      history: [{ created: "2026-01-01T00:00:00Z", created_by: "made by a test" }],
    })), mediaType.ociConfig);
    const layer = this.add(gzipSync(tar), mediaType.ociLayerGzip);
    return this.document({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: [layer] } as never, { platform: { os, architecture, ...(variant ? { variant } : {}) } });
  }

  index(manifests: readonly Descriptor[]): Descriptor {
    return this.document({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests } as never);
  }

  /** An artifact that refers to a manifest, as a signature does. */
  referrer(subject: Descriptor, artifactType: string, text: string): Descriptor {
    const config = this.add(Buffer.from("{}"), mediaType.ociEmpty);
    const layer = this.add(Buffer.from(text), "text/plain");
    const { mediaType: type, digest, size } = subject;
    return this.document({ schemaVersion: 2, mediaType: mediaType.ociManifest, artifactType, config, layers: [layer], subject: { mediaType: type, digest, size } } as never);
  }

  /** An OCI layout with these entries in its index.json. @returns the folder */
  layout(folder: string, entries: readonly Descriptor[]): string {
    for (const [digest, bytes] of this.blobs) writeBlob(folder, digest, bytes);
    writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: entries }));
    return folder;
  }
}

export function writeBlob(folder: string, digest: Digest, bytes: Uint8Array): void {
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  writeFileSync(join(folder, "blobs/sha256", digest.slice(7)), bytes);
}

/** An entry of index.json with a name. */
export function named(descriptor: Descriptor, name: string): Descriptor {
  return { ...descriptor, annotations: { "org.opencontainers.image.ref.name": name } };
}

const own = hostPlatform(process.arch).architecture;
/** This machine's platform, and one that it is not. */
export const OWN = `linux/${own}`;
export const OTHER = own === "s390x" ? "linux/amd64" : "linux/s390x";

export interface Fleet {
  readonly cargo: Cargo;
  readonly index: Descriptor;
  readonly own: Descriptor;
  readonly other: Descriptor;
  readonly signature: Descriptor;
  /** Refers to the signature. */
  readonly countersignature: Descriptor;
  readonly sbom: Descriptor;
  /** By a tag, as cosign did it before there was an API. */
  readonly oldSignature: Descriptor;
  readonly oldTag: string;
}

/** An image for two platforms: a signature of its index and one of that, an SBOM of an image, and a signature by tag. */
export function fleet(text = "fleet"): Fleet {
  const cargo = new Cargo();
  const [ownImage, other] = [cargo.image(OWN, `${text} here`), cargo.image(OTHER, `${text} there`)];
  const index = cargo.index([ownImage, other]);
  const signature = cargo.referrer(index, "application/vnd.test.signature", `${text} signed`);
  return {
    cargo, index, own: ownImage, other, signature,
    countersignature: cargo.referrer(signature, "application/vnd.test.signature", `${text} countersigned`),
    sbom: cargo.referrer(ownImage, "application/vnd.test.sbom", `${text} parts`),
    oldSignature: cargo.image(OWN, `${text} cosigned`),
    oldTag: `${index.digest.replace(":", "-")}.sig`,
  };
}
