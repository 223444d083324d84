import { createDigester, type Digest } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";
import { DEFAULT_LIMIT } from "./apply-layer.ts";
import { decompress, readPieces } from "./decompress.ts";

/**
 * The digest of the tar in a layer blob; a worker job.
 * @throws ARCHIVE_DAMAGED, ARCHIVE_TOO_LARGE
 */
export async function hashLayer({ blob, codec, maxBytes: limit = DEFAULT_LIMIT }: { readonly blob: string; readonly codec: Codec; readonly maxBytes?: number }): Promise<Digest> {
  const archive = `layer ${blob.slice(blob.lastIndexOf("/") + 1)}`;
  const digester = createDigester();
  let total = 0;
  await decompress(readPieces(blob), codec, archive, (chunk) => {
    total += chunk.length;
    if (total > limit) throw fault("ARCHIVE_TOO_LARGE", { archive, limit });
    digester.update(chunk);
  });
  return digester.digest();
}
