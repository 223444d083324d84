import type { Sink } from "../../carry/place.ts";
import { digestHex, sha256 } from "../../oci/digest.ts";
import { discard, header, type Answer } from "../../registry/transport/transport.ts";
import type { S3Options } from "../cache-options.ts";
import { putInParts } from "./multipart.ts";
import { blobKey, manifestKeys } from "./object-keys.ts";
import { openSession } from "./open-session.ts";
import type { S3Place, S3Session } from "../../s3/s3-session.ts";

const DAY = 24 * 3_600_000;
/** Bytes: the service takes 5 GiB at once; beyond this a broken connection would cost too much. */
const LARGEST_AT_ONCE = 1024 ** 3;

/** A cache in a bucket to be written: blobs by digest, the manifest by each of its names. */
export function s3Sink(options: S3Options, place: S3Place, largest = LARGEST_AT_ONCE): Sink {
  const session = openSession(options, place);
  return {
    name: place.name,
    holds: "anything",
    // The service compares sha256 sums.
    verifies: false,
    lanes: options.uploadParallelism ?? 4,
    manifestHas: async () => false,
    async blobHas(blob, signal) {
      const key = blobKey(options, blob.digest);
      const answer = await session.send({ method: "HEAD", key, accept: [200, 404], signal });
      await discard(answer);
      if (answer.status === 404 || Number(header(answer, "content-length")) !== blob.size) return false;
      if (ageOf(answer) > (options.touchRefresh ?? DAY)) await touch(session, key, signal);
      return true;
    },
    async blobPut(blob, open, { onBytes, signal }) {
      const key = blobKey(options, blob.digest);
      if (blob.size > largest) return putInParts(session, { key, size: blob.size, open, onBytes, signal });
      await discard(await session.send({
        method: "PUT", key, accept: [200], signal, headers: { "content-length": String(blob.size), "content-type": "application/octet-stream" },
        body: () => counted(open(0), onBytes), ...(blob.digest.startsWith("sha256:") ? { bodyHash: digestHex(blob.digest) } : {}),
      }));
    },
    manifestPut: async () => undefined,
    async finish({ bytes, mediaType }, { signal }) {
      for (const key of manifestKeys(options)) {
        await discard(await session.send({
          method: "PUT", key, accept: [200], signal, headers: { "content-length": String(bytes.length), "content-type": mediaType }, body: () => bytes, bodyHash: digestHex(sha256(bytes)),
        }));
      }
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** A copy of an object upon itself makes it young again, so that a bucket which removes old objects keeps it. */
async function touch(session: S3Session, key: string, signal: AbortSignal): Promise<void> {
  await discard(await session.send({
    method: "PUT", key, accept: [200], signal, headers: { "content-length": "0", "x-amz-copy-source": session.copySource(key), "x-amz-metadata-directive": "REPLACE", "content-type": "application/octet-stream" },
  }));
}

function ageOf(answer: Answer): number {
  const modified = Date.parse(header(answer, "last-modified") ?? "");
  return Number.isNaN(modified) ? 0 : Date.now() - modified;
}

async function* counted(source: AsyncIterable<Uint8Array>, onBytes: (sent: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = 0;
  for await (const chunk of source) {
    yield chunk;
    onBytes((sent += chunk.length));
  }
}
