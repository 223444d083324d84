import type { Descriptor } from "../oci/manifest.ts";
import { MANIFEST_LIMIT } from "../oci/manifest.ts";
import { fault } from "../std/fault.ts";
import type { Source } from "./place.ts";
import { verified } from "./verified.ts";

/** All bytes of a small blob, such as a config, checked. @throws BLOB_TOO_LARGE, CONTENT_MISMATCH */
export async function readBlob(source: Source, blob: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  if (blob.size > MANIFEST_LIMIT) throw fault("BLOB_TOO_LARGE", { digest: blob.digest, size: blob.size, limit: MANIFEST_LIMIT });
  const chunks: Uint8Array[] = [];
  for await (const chunk of verified(source.blobOpen(blob, { start: 0, signal }), blob, source.name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
