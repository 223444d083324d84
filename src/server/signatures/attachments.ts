import { parseObject } from "../../oci/manifest.ts";
import { isIndex, mediaType } from "../../oci/media-type.ts";
import type { StoredManifest } from "../storage/records.ts";

/** Types of what is attached to images: signatures, attestations, SBOMs. Nobody runs them. */
const ATTACHED = /^(?:application\/vnd\.dev\.(?:cosign|sigstore)\.|application\/vnd\.dsse\.envelope\.|application\/vnd\.in-toto[.+]|application\/(?:jose\+json|cose|spdx\+json)(?:;|$)|application\/vnd\.(?:cyclonedx|syft)\+(?:json|xml)(?:;|$)|text\/spdx(?:[+;]|$))/;

/** A tag under which cosign attaches something, and nobody looks for an image. */
const ATTACHING_TAG = /^sha256-[a-f0-9]{64}\.(?:sig|att|sbom)$/;

/**
 * Whether a manifest is nothing but an attachment: readers need them to see that an image is signed. Decided by what it holds and not by what it says that it belongs to.
 * Some clients run whatever has the config of an image, by whatever type its layers go: that is an attachment under such a tag only.
 */
export function isAttachment(manifest: StoredManifest, reference: string): boolean {
  if (isIndex(manifest.mediaType)) return false;
  const { layers, config } = parseObject(manifest.bytes, "the manifest");
  const { mediaType: configType } = (config ?? {}) as { mediaType?: unknown };
  if ((configType === mediaType.ociConfig || configType === mediaType.dockerConfig) && !ATTACHING_TAG.test(reference)) return false;
  return Array.isArray(layers) && layers.length > 0 && layers.every((layer: unknown) => {
    const { mediaType } = (layer ?? {}) as { mediaType?: unknown };
    return typeof mediaType === "string" && ATTACHED.test(mediaType);
  });
}
