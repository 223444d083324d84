import { parseObject } from "../../oci/manifest.ts";
import { formatOne } from "../template/format.ts";

/** A document by --format: its members have the names that they have in the JSON. @throws TEMPLATE_INVALID, DOCUMENT_INVALID */
export function formatDocument(bytes: Uint8Array, format: string): string {
  const value = parseObject(bytes, "the document");
  return format === "json" ? JSON.stringify(value, null, 2) : formatOne(format, asGo(value));
}

/** Objects of JSON are Go's maps, whose missing members are no mistake. */
function asGo(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asGo);
  if (typeof value === "object" && value !== null) return new Map(Object.entries(value).map(([key, member]) => [key, asGo(member)]));
  return value;
}
