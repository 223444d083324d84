import { attestationManifest } from "../../image/attestation.ts";
import { imagePurl } from "../../oci/image-purl.ts";
import { parseReference } from "../../oci/reference.ts";
import { isFault } from "../../std/fault.ts";
import type { Annotations } from "../annotations.ts";
import { assembleIndex, type ExportedIndex } from "../export-index.ts";
import type { ExportedImage } from "../exported-image.ts";
import { attestAll, type Attester } from "./attester.ts";

/** The index over an output's images and what is said about them. @param artifact whether statements are OCI artifacts, or images of no platform */
export type AttestedIndex = (artifact: boolean) => ExportedIndex;

/** Asks everybody once what is said about the images; what is made of it may be made again in another form. */
export async function attestedIndex(
  images: readonly ExportedImage[], options: { readonly annotations: Annotations; readonly attesters: readonly Attester[]; readonly names: readonly string[] },
): Promise<AttestedIndex> {
  const said = await Promise.all(images.map(async ({ platform, build, image }) => ({
    image, attestations: await attestAll(options.attesters, { build, image }), names: options.names.map((name) => imagePurl(parseReference(name), platform)),
  })));
  return (artifact) => {
    const manifests = said.flatMap(({ image, attestations, names }) => (attestations.length === 0 ? [] : [attestationManifest(image.descriptor, attestations, { names, artifact })]));
    return assembleIndex(images, options.annotations, manifests);
  };
}

/** A registry has the image and does not take the artifact that refers to it. */
export class ArtifactRefused extends Error {
  readonly refusal: unknown;

  constructor(refusal: unknown) {
    super("the artifact was refused");
    this.refusal = refusal;
  }

  /** Whether a failed push of an artifact is the registry's way to say that it knows none. */
  static is(error: unknown): boolean {
    return isFault(error, "REGISTRY_REFUSED") || isFault(error, "MANIFEST_UNKNOWN") || isFault(error, "BLOB_UNKNOWN");
  }
}
