import { isDigest } from "../oci/digest.ts";
import { parseObject } from "../oci/manifest.ts";
import { isIndex, isManifest } from "../oci/media-type.ts";
import { RegistryError } from "./terms/registry-error.ts";
import { manifestType } from "./storage/describe-manifest.ts";
import { referencesOf } from "./storage/manifest-references.ts";
import type { ManifestReferences } from "./storage/records.ts";

/**
 * Checks what is pushed as a manifest and lists what it names. Unknown fields, `data`, empty lists and custom types
 * are fine. Type and content must agree, because clients choose how to read a manifest by its Content-Type
 * (CVE-2021-41190).
 * @throws RegistryError MANIFEST_INVALID
 */
export function checkManifest(bytes: Uint8Array, contentType: string | undefined): ManifestReferences {
  const document = parse(bytes);
  const announced = contentType?.split(";")[0]!.trim();
  const type = manifestType(document);
  if (!isIndex(type) && !isManifest(type)) throw invalid(`the type ${type.slice(0, 200)} is not an image manifest or index of OCI or of Docker's schema 2`);
  if (announced && announced !== type) throw invalid(`Content-Type is ${announced.slice(0, 200)}, but the document is ${type}`);
  if (document["schemaVersion"] !== 2) throw invalid("schemaVersion is not 2");
  const subject = document["subject"];
  if (subject !== undefined && subject !== null) checkDescriptor(subject, "subject");
  if (isIndex(type)) {
    if ("config" in document || "layers" in document) throw invalid("an index with config or layers is ambiguous");
    checkDescriptors(document["manifests"], "manifests");
  } else {
    if ("manifests" in document) throw invalid("an image manifest with manifests is ambiguous");
    checkDescriptors(document["layers"], "layers");
    checkDescriptor(document["config"], "config");
  }
  return referencesOf(document);
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    return parseObject(bytes, "the manifest");
  } catch (cause) {
    throw new RegistryError("MANIFEST_INVALID", (cause as Error).message, { cause });
  }
}

/** Go programs write an empty list as null or leave it out. */
function checkDescriptors(value: unknown, field: string): void {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw invalid(`${field} is not a list`);
  value.forEach((item, index) => checkDescriptor(item, `${field}[${index}]`));
}

function checkDescriptor(value: unknown, field: string): void {
  if (typeof value !== "object" || value === null) throw invalid(`${field} is missing or not an object`);
  const { mediaType, digest, size } = value as Record<string, unknown>;
  if (typeof mediaType !== "string") throw invalid(`${field}.mediaType is not a text`);
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid(`${field}.digest is not a sha256 or sha512 digest`);
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw invalid(`${field}.size is not a number of bytes`);
}

function invalid(problem: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `the manifest is not valid: ${problem}`);
}
