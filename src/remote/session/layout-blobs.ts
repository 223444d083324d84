import { createReadStream, statSync } from "node:fs";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";

const CHUNK = 1024 * 1024;

/** What a worker wants to know of a blob of an OCI layout. */
export function blobInfo(layout: string | undefined, digest: string): { digest: string; size: bigint } {
  return { digest, size: BigInt(statSync(blobPath(layout, digest)).size) };
}

export async function* readBlob(layout: string | undefined, { digest, offset, size }: { digest: string; offset: bigint; size: bigint }): AsyncGenerator<{ offset: bigint; data: Uint8Array<ArrayBuffer> }> {
  const start = Number(offset);
  let at = offset;
  const range = { start, ...(size > 0n ? { end: start + Number(size) - 1 } : {}), highWaterMark: CHUNK };
  for await (const data of createReadStream(blobPath(layout, digest), range) as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    yield { offset: at, data };
    at += BigInt(data.length);
  }
}

function blobPath(layout: string | undefined, digest: string): string {
  const match = /^(sha256|sha512):([a-f0-9]{64,128})$/.exec(digest);
  if (layout === undefined) throw new ConnectError("no layout of that name is shared", Code.NotFound);
  if (!match) throw new ConnectError(`invalid digest ${JSON.stringify(digest)}`, Code.InvalidArgument);
  const path = join(layout, "blobs", match[1]!, match[2]!);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new ConnectError(`${digest}: not found`, Code.NotFound);
  return path;
}
