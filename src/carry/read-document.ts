import { digestAlgorithm, digestBytes, type Digest } from "../oci/digest.ts";
import { parseIndex, parseManifest, parseObject, type Descriptor, type Index, type Manifest } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-type.ts";
import { isDigest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import type { Document } from "./place.ts";

/** What a document says, by its kind. @throws MANIFEST_UNSUPPORTED, DOCUMENT_INVALID */
export function readDocument(document: Document, place: string): { readonly kind: "index"; readonly index: Index } | { readonly kind: "manifest"; readonly manifest: Manifest } {
  const what = `${document.digest} of ${place}`;
  if (isIndex(document.mediaType)) return { kind: "index", index: parseIndex(document.bytes, what) };
  if (isManifest(document.mediaType)) return { kind: "manifest", manifest: parseManifest(document.bytes, what) };
  throw fault("MANIFEST_UNSUPPORTED", { reference: place, mediaType: document.mediaType });
}

/** The digest of the manifest that a document refers to, if it does. */
export function subjectOf(document: Document): Digest | undefined {
  const subject = parseObject(document.bytes, document.digest)["subject"] as Partial<Descriptor> | null | undefined;
  return typeof subject?.digest === "string" && isDigest(subject.digest) ? subject.digest : undefined;
}

/** The document of these bytes, which must have that digest. @throws CONTENT_MISMATCH */
export function checkedDocument(bytes: Uint8Array, wanted: Pick<Descriptor, "digest" | "mediaType">, place: string): Document {
  const found = digestBytes(bytes, digestAlgorithm(wanted.digest));
  if (found !== wanted.digest) throw fault("CONTENT_MISMATCH", { place, digest: wanted.digest, received: `its digest is ${found}` });
  return { bytes, mediaType: ownMediaType(bytes) ?? wanted.mediaType, digest: wanted.digest };
}

/** The type that a document gives itself: what a tag is put by has to be what the bytes say. */
function ownMediaType(bytes: Uint8Array): string | undefined {
  try {
    const { mediaType } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { mediaType?: unknown };
    return typeof mediaType === "string" && mediaType !== "" ? mediaType : undefined;
  } catch {
    return undefined;
  }
}
