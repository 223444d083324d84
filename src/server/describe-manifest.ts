import { isDigest, type Digest } from "../oci/digest.ts";
import { parseObject } from "../oci/manifest.ts";
import { isIndex, mediaType as known } from "../oci/media-type.ts";
import type { ManifestRecord } from "./storage/storage.ts";

/**
 * What a repository remembers of a manifest. Lenient: it also reads what an older version stored. Where the document
 * carries no mediaType its fields decide, since only then may Content-Type and content disagree.
 * @throws DOCUMENT_INVALID when it is not a JSON object
 */
export function describeManifest(bytes: Uint8Array, digest: Digest): ManifestRecord {
  const document = parseObject(bytes, "the manifest");
  const mediaType = manifestType(document);
  const subject = (document["subject"] as { digest?: unknown } | undefined)?.digest;
  const record = { digest, mediaType, size: bytes.length };
  if (typeof subject !== "string" || !isDigest(subject)) return record;
  const artifactType = document["artifactType"] || (isIndex(mediaType) ? undefined : (document["config"] as { mediaType?: unknown } | undefined)?.mediaType);
  const annotations = document["annotations"] as Record<string, string> | undefined;
  return {
    ...record,
    subject,
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(annotations && typeof annotations === "object" ? { annotations } : {}),
  };
}

/** The mediaType that the document names, or the OCI type that its fields imply. */
export function manifestType(document: Readonly<Record<string, unknown>>): string {
  if (typeof document["mediaType"] === "string" && document["mediaType"] !== "") return document["mediaType"];
  return "manifests" in document ? known.ociIndex : known.ociManifest;
}
