import { isDigest, type Digest } from "../../oci/digest.ts";
import { Semaphore } from "../../std/semaphore.ts";
import { parseRange } from "../byte-range.ts";
import { sendEmpty, type Exchange } from "../exchange.ts";
import { demandMutable } from "../demand-mutable.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { internalRedirect, sendBlobBytes } from "../send-blob.ts";
import { sendStream } from "../send-stream.ts";
import { commonHeaders } from "../terms/common-headers.ts";
import { Trouble } from "../terms/trouble.ts";

/** A blob of this size is sent when it is whole, though it is still on its way. */
const AWAITED = 64 * 1024;
/** A manifest may name very many. */
const LOOKED_AT_ONCE = 16;

/** end-2: a blob or the part of it that `Range` asks for, or where else it is to be had. */
export async function sendBlob(exchange: Exchange): Promise<void> {
  const { request, response, repository, storage } = exchange;
  const digest = digestOf(exchange);
  const mirrored = exchange.mirror?.covers(repository) === true;
  // Who asks whether a blob is there will rely on the answer.
  const found = await (request.method === "HEAD" ? storage.metadata.leaseBlob(repository, digest) : storage.metadata.blobSize(repository, digest));
  const here = found !== undefined && (await storage.blobs.size(digest)) === found;
  if (found === undefined && !mirrored) throw unknownBlob(digest);
  if (!here && !mirrored) throw lostBlob(exchange, digest);
  const arriving = here || !mirrored || request.method === "HEAD" ? undefined : await exchange.mirror!.fetchBlob(repository, digest);
  const size = here ? found : (arriving?.size ?? (await exchange.mirror!.blobSize(repository, digest)));
  const headers = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    "Accept-Ranges": "bytes",
  };
  if (request.headers["if-none-match"] === headers.ETag) return sendEmpty(exchange, 304, headers);
  const condition = request.headers["if-range"];
  const ranged = request.method === "GET" && (condition === undefined || condition === headers.ETag);
  const range = ranged ? parseRange(request.headers.range, size) : undefined;
  if (range === "unsatisfiable") {
    throw new RegistryError("RANGE_INVALID", "the range lies outside the blob", { headers: { "Content-Range": `bytes */${size}` } });
  }
  const redirect = here && request.method === "GET" ? internalRedirect(exchange, digest) : undefined;
  if (redirect) return sendEmpty(exchange, 200, { ...headers, ...redirect }); // who sends it reads Range itself
  // A part of a blob that is on its way, or a small one, is waited for; so what cannot be had gets an answer that says so.
  if (arriving && (range || size <= AWAITED)) await arriving.stored;
  const link = here && request.method === "GET" ? await storage.blobs.link?.(digest) : undefined;
  // Who asks for a part asks there again; the address must not outlive the right in anybody's cache.
  if (link !== undefined) return sendEmpty(exchange, 307, { "Docker-Content-Digest": digest, Location: link, "Cache-Control": "no-store" });
  const { start, end } = range ?? { start: 0, end: size - 1 };
  const part = range ? { "Content-Range": `bytes ${start}-${end}/${size}` } : {};
  const along = arriving && !range && size > AWAITED;
  const head = { status: range ? 206 : 200, headers: { ...commonHeaders, ...headers, ...part, "Content-Length": end - start + 1 } };
  if (request.method !== "HEAD" && !along) {
    if (!(await sendBlobBytes(exchange, digest, { start, end }, head))) throw lostBlob(exchange, digest);
    return;
  }
  response.writeHead(head.status, head.headers);
  if (along) await sendStream(response, arriving.read(), exchange.settings.idleTimeout);
  else response.end();
}

/** end-10. */
export async function deleteBlob(exchange: Exchange): Promise<void> {
  const digest = digestOf(exchange);
  if (!(await exchange.storage.dropBlob(exchange.repository, digest, exchange.actor, (tag) => demandMutable(exchange, tag)))) throw unknownBlob(digest);
  sendEmpty(exchange, 202, { "Docker-Content-Digest": digest });
}

/** Those of the repository's blobs that have lost their bytes; the operator is told. */
export async function lostBlobs(exchange: Exchange, digests: readonly Digest[]): Promise<readonly Digest[]> {
  const { repository, storage } = exchange;
  const room = new Semaphore(LOOKED_AT_ONCE);
  const lost: Digest[] = [];
  await Promise.all([...new Set(digests)].map((digest) => room.run(async () => {
    const size = await storage.metadata.blobSize(repository, digest);
    if (size !== undefined && (await storage.blobs.size(digest)) !== size) lost.push(digest);
  })));
  for (const digest of lost) lostBlob(exchange, digest);
  return lost;
}

function digestOf({ parameter }: Exchange): Digest {
  if (isDigest(parameter)) return parameter;
  throw new RegistryError("DIGEST_INVALID", "the digest is not a sha256 or sha512 digest", { detail: { digest: parameter.slice(0, 300) } });
}

/** The database knows the blob, and its bytes are gone: for a client that is a blob to be pushed, for the operator a damage. */
function lostBlob({ repository, report }: Exchange, digest: Digest): RegistryError {
  report(new Trouble(`the bytes of ${repository}@${digest} are missing or damaged: pushing the blob again mends it`));
  return unknownBlob(digest);
}

function unknownBlob(digest: Digest): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", "the repository has no such blob", { detail: { digest } });
}
