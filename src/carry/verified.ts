import { pieceDigester } from "../linux/piece-digester.ts";
import { digestAlgorithm } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { fault } from "../std/fault.ts";

/**
 * The bytes of a blob, which have to be that blob: the last step of the iteration fails where they are not, so that
 * whoever reads to the end without an error has the right ones. The memory of a chunk must not change until the one after the next is asked for. @throws CONTENT_MISMATCH
 */
export async function* verified(source: AsyncIterable<Uint8Array>, { digest, size }: Descriptor, place: string): AsyncGenerator<Uint8Array, void, undefined> {
  await using digester = pieceDigester(digestAlgorithm(digest), size);
  let count = 0;
  const wrong = (received: string): Error => fault("CONTENT_MISMATCH", { place, digest, received });
  for await (const chunk of source) {
    count += chunk.length;
    if (count > size) throw wrong(`it has more than ${size} bytes`);
    await digester.take(chunk);
    yield chunk;
  }
  if (count !== size) throw wrong(`it has ${count} bytes instead of ${size}`);
  const found = await digester.digest();
  if (found !== digest) throw wrong(`its digest is ${found}`);
}
