import type { Document, Source } from "../../carry/place.ts";
import { sha256 } from "../../oci/digest.ts";
import { MANIFEST_LIMIT, parseObject } from "../../oci/manifest.ts";
import { header, readBody } from "../../registry/transport/transport.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { S3Options } from "../cache-options.ts";
import { blobKey, manifestKeys } from "./object-keys.ts";
import { openSession } from "./open-session.ts";
import type { S3Place, S3Session } from "../../s3/s3-session.ts";

/** A cache in a bucket: its manifest by name, its blobs by digest. */
export function s3Source(options: S3Options, place: S3Place): Source {
  const session = openSession(options, place);
  return {
    name: place.name,
    root: (signal) => firstManifest(session, options, place.name, signal),
    manifestGet: async ({ digest }) => Promise.reject(fault("CACHE_FOREIGN", { cache: `${place.name} (${digest})` })),
    async *blobOpen(blob, { start, signal }) {
      const headers: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
      const answer = await session.send({ method: "GET", key: blobKey(options, blob.digest), headers, accept: start > 0 ? [206] : [200], signal });
      const length = header(answer, "content-length");
      if (length !== undefined && Number(length) !== blob.size - start) {
        answer.body.destroy();
        throw fault("CONTENT_MISMATCH", { place: place.name, digest: blob.digest, received: `it has ${Number(length) + start} bytes instead of ${blob.size}` });
      }
      yield* answer.body as AsyncIterable<Uint8Array>;
    },
    referrerList: async () => [],
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** The manifest of the first name that there is. */
async function firstManifest(session: S3Session, options: S3Options, place: string, signal: AbortSignal): Promise<Document> {
  const keys = manifestKeys(options);
  for (const [index, key] of keys.entries()) {
    try {
      const bytes = await readBody(await session.send({ method: "GET", key, accept: [200], signal }), MANIFEST_LIMIT);
      if (!bytes) throw fault("DOCUMENT_INVALID", { what: `the manifest of ${place}`, problem: `it has more than ${MANIFEST_LIMIT} bytes` });
      const { mediaType } = parseObject(bytes, `the manifest of ${place}`);
      return { bytes, mediaType: typeof mediaType === "string" ? mediaType : "", digest: sha256(bytes) };
    } catch (error) {
      const missing = isFault(error, "S3_REFUSED") && (error.details as { status: number }).status === 404;
      if (!missing || index === keys.length - 1) throw error;
    }
  }
  throw fault("CACHE_FOREIGN", { cache: place });
}
