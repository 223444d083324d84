import { isDigest, type Digest } from "../../oci/digest.ts";
import { parseObject } from "../../oci/manifest.ts";
import { isIndex, mediaType as known } from "../../oci/media-type.ts";
import type { ManifestRecord } from "./records.ts";

/**
 * What a repository remembers of a manifest. Lenient: it also reads what an older version stored. Where the document
 * carries no mediaType its fields decide, since only then may Content-Type and content disagree.
 * @throws DOCUMENT_INVALID when it is not a JSON object
 */
export function describeManifest(bytes: Uint8Array, digest: Digest): ManifestRecord {
  const document = parseObject(bytes, "the manifest");
  const mediaType = manifestType(document);
  const subject = digestIn(document["subject"]);
  const config = isIndex(mediaType) ? undefined : (document["config"] as { mediaType?: unknown; digest?: unknown } | null | undefined);
  const artifactType = document["artifactType"] || config?.mediaType;
  const annotations = document["annotations"] as Record<string, string> | undefined;
  const configDigest = digestIn(config);
  return {
    digest,
    mediaType,
    size: bytes.length,
    ...(configDigest ? { config: configDigest } : {}),
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(subject ? { subject } : {}),
    // Only lists of referrers show them.
    ...(subject && annotations && typeof annotations === "object" ? { annotations } : {}),
  };
}

function digestIn(value: unknown): Digest | undefined {
  const digest = (value as { digest?: unknown } | null | undefined)?.digest;
  return typeof digest === "string" && isDigest(digest) ? digest : undefined;
}

/** The mediaType that the document names, or the OCI type that its fields imply. */
export function manifestType(document: Readonly<Record<string, unknown>>): string {
  if (typeof document["mediaType"] === "string" && document["mediaType"] !== "") return document["mediaType"];
  return "manifests" in document ? known.ociIndex : known.ociManifest;
}

/** Annotations are copied into lists of referrers; longer ones are read from the manifest itself. */
const LONGEST_ANNOTATIONS = 256 * 1024;

/** As they are kept beside the manifest; none where they are too long for a list. */
export function annotationsText(annotations: unknown): string | null {
  if (typeof annotations !== "object" || annotations === null) return null;
  const text = JSON.stringify(annotations);
  return text.length <= LONGEST_ANNOTATIONS ? text : null;
}
