import { fault } from "../std/fault.ts";
import { isDigest, type Digest } from "./digest.ts";
import { isIndex, isManifest } from "./media-type.ts";
import type { Platform } from "./platform.ts";

/** What points at a blob: type, address and size in bytes (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest is refused above this many bytes (distribution-spec asks for at least 4 MiB). */
export const MANIFEST_LIMIT = 8 * 1024 * 1024;

/** @throws DOCUMENT_INVALID */
export function parseManifest(bytes: Uint8Array, what = "the manifest"): Manifest {
  const value = parseObject(bytes, what);
  if (value["schemaVersion"] !== 2) throw invalid(what, "schemaVersion is not 2");
  checkMediaType(value["mediaType"], isManifest, what);
  checkDescriptor(value["config"], what, "config");
  checkDescriptors(value["layers"], what, "layers");
  return value as unknown as Manifest;
}

/** @throws DOCUMENT_INVALID */
export function parseIndex(bytes: Uint8Array, what = "the index"): Index {
  const value = parseObject(bytes, what);
  if (value["schemaVersion"] !== 2) throw invalid(what, "schemaVersion is not 2");
  checkMediaType(value["mediaType"], isIndex, what);
  checkDescriptors(value["manifests"], what, "manifests");
  return value as unknown as Index;
}

/** It may be missing. */
function checkMediaType(found: unknown, fits: (type: string) => boolean, what: string): void {
  if (found === undefined || found === null || typeof found === "string" && fits(found)) return;
  throw invalid(what, `unexpected mediaType ${typeof found === "string" ? found : JSON.stringify(found)}`);
}

/** The bytes of a manifest or index as BuildKit writes them: two-space indent, no final newline. */
export function serializeManifest(document: Manifest | Index): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document, null, 2));
}

/** Parses a JSON object. @throws DOCUMENT_INVALID */
export function parseObject(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fault("DOCUMENT_INVALID", { what, problem: "it is not JSON" }, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(what, "it is not a JSON object");
  return value as Record<string, unknown>;
}

function checkDescriptors(value: unknown, what: string, field: string): void {
  if (!Array.isArray(value)) throw invalid(what, `${field} is not a list`);
  value.forEach((item, index) => checkDescriptor(item, what, `${field}[${index}]`));
}

function checkDescriptor(value: unknown, what: string, field: string): void {
  const item = value as Partial<Descriptor> | null | undefined;
  if (typeof item !== "object" || item === null) throw invalid(what, `${field} is missing`);
  if (typeof item.mediaType !== "string") throw invalid(what, `${field}.mediaType is missing`);
  if (typeof item.digest !== "string" || !isDigest(item.digest)) throw invalid(what, `${field}.digest is not a digest`);
  if (!Number.isSafeInteger(item.size) || item.size! < 0) throw invalid(what, `${field}.size is not a size`);
}

function invalid(what: string, problem: string): Error {
  return fault("DOCUMENT_INVALID", { what, problem });
}
