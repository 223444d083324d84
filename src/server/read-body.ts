import type { IncomingMessage } from "node:http";
import { RegistryError } from "./terms/registry-error.ts";

/** What every request may have in memory. */
const SMALL = 64 * 1024;
/** What all requests of this process may have in memory beyond that, so that many large documents at once do not fill it. */
const ROOM = 128 * 1024 * 1024;

let taken = 0;

/**
 * The whole body of a request, for documents that are parsed.
 * @throws RegistryError SIZE_INVALID with 413 above `limit` bytes, as soon as that is known; TOOMANYREQUESTS while others fill the room for large ones
 */
export async function readBody(request: IncomingMessage, limit: number, what = "manifest"): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge(limit, what);
  const chunks: Uint8Array[] = [];
  let size = 0;
  let own = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > limit) throw tooLarge(limit, what);
      const more = Math.max(0, size - SMALL) - own;
      if (taken + more > ROOM) throw new RegistryError("TOOMANYREQUESTS", "too many large documents are sent at once: try again in a moment", { headers: { "Retry-After": "2" } });
      taken += more;
      own += more;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } finally {
    taken -= own;
  }
}

function tooLarge(limit: number, what: string): RegistryError {
  return new RegistryError("SIZE_INVALID", `the ${what} is larger than ${limit} bytes`, { status: 413 });
}
