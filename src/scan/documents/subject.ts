import type { Digest } from "../../oci/digest.ts";
import type { Package } from "../package.ts";

/** What a document tells of. */
export interface Subject {
  readonly kind: "image" | "folder";
  /** `registry.example.com/team/app:1.2.0`, or the path of a folder. */
  readonly name: string;
  /** Of an image: the digest of its manifest, else its id. */
  readonly digest?: Digest;
  /** The image's package URL, where its manifest is known. */
  readonly purl?: string;
}

/** What is the same in all forms of a document. */
export interface DocumentOptions {
  /** What the document is called; as its subject, by default. */
  readonly name?: string;
  readonly subject: Subject;
  /** Digests of the layers that were looked at, lowest first, where there are some: each package names the one that brought it. */
  readonly layers?: readonly Digest[];
  /** Of this program. */
  readonly toolVersion: string;
  /** The time that the document says. */
  readonly created: Date;
}

/** The digest of the layer that brought a package. */
export function layerOf({ layer }: Package, layers: readonly Digest[] | undefined): Digest | undefined {
  return layer === undefined ? undefined : layers?.[layer];
}

/** As SPDX and CycloneDX want it: without fractions of a second. */
export function formatTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
