import type { IncomingMessage } from "node:http";
import { RegistryError } from "./terms/registry-error.ts";

/**
 * The whole body of a request, for documents that are parsed.
 * @throws RegistryError SIZE_INVALID with 413 above `limit` bytes, as soon as that is known
 */
export async function readBody(request: IncomingMessage, limit: number, what = "manifest"): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limit) throw tooLarge(limit, what);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit, what);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(limit: number, what: string): RegistryError {
  return new RegistryError("SIZE_INVALID", `the ${what} is larger than ${limit} bytes`, { status: 413 });
}
