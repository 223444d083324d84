import { isDigest, digestAlgorithm, type Digest } from "../../oci/digest.ts";
import { parseChunkRange } from "../byte-range.ts";
import { sendEmpty, type Exchange } from "../exchange.ts";
import { nameOf } from "../access/identity.ts";
import { addressGroup, originOf } from "../terms/client-origin.ts";
import { receiveBody } from "../receive-body.ts";
import { isName } from "../terms/name.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { DigestAlgorithm, Upload } from "../storage/blob-storage.ts";

/** end-4a, 4b, 4c and 11: opens a session, stores a blob that came with the request, or mounts one. */
export async function startUpload(exchange: Exchange): Promise<void> {
  const { query } = exchange;
  const mount = query.get("mount");
  if (mount !== null && (await mountBlob(exchange, mount))) return;
  const digest = mount === null ? query.get("digest") : null;
  if (digest !== null) {
    const wanted = checkDigest(digest);
    const upload = await createUpload(exchange, digestAlgorithm(wanted));
    return work(upload, async () => {
      try {
        await roomFor(exchange, upload, Number(exchange.request.headers["content-length"] ?? 0), wanted);
        await receiveBody(exchange, upload);
        await finish(exchange, upload, wanted);
      } finally {
        await upload.cancel(); // a client that broke off never learned the session's id
      }
    });
  }
  const upload = await createUpload(exchange, announcedAlgorithm(query));
  const { chunkMinLength } = exchange.settings;
  sendEmpty(exchange, 202, { ...sessionHeaders(upload), ...(chunkMinLength > 0 ? { "OCI-Chunk-Min-Length": chunkMinLength } : {}) });
}

/** end-13: how far the session has come. */
export async function showUpload(exchange: Exchange): Promise<void> {
  sendEmpty(exchange, 204, sessionHeaders(await findUpload(exchange)));
}

/** end-5: adds a chunk (with `Content-Range`) or a stream. */
export async function appendUpload(exchange: Exchange): Promise<void> {
  const upload = await findUpload(exchange);
  await work(upload, () => receive(exchange, upload));
  sendEmpty(exchange, 202, sessionHeaders(upload));
}

/** end-6: adds what the request carries, verifies the digest and closes the session. */
export async function finishUpload(exchange: Exchange): Promise<void> {
  const upload = await findUpload(exchange);
  const digest = checkDigest(exchange.query.get("digest") ?? "");
  await work(upload, async () => {
    await receive(exchange, upload, digest);
    await finish(exchange, upload, digest);
  });
}

/** end-14. */
export async function cancelUpload(exchange: Exchange): Promise<void> {
  const upload = await findUpload(exchange);
  await work(upload, () => upload.cancel());
  sendEmpty(exchange, 204);
}

/** Whether the blob was mounted and answered for. A `from` that cannot serve leads to a session, never to an error. */
async function mountBlob(exchange: Exchange, mount: string): Promise<boolean> {
  const { query, repository, storage, actor } = exchange;
  const digest = checkDigest(mount);
  const named = query.get("from");
  if (named !== null) {
    if (!isName(named) || !exchange.caller.could("pull", named)) return false;
    // Who may pull there is told to come with a token that says so; a token is good for nothing beyond its words.
    exchange.caller.demand("pull", named);
  }
  const from = named ?? (await someoneShows(exchange, digest));
  if (from === undefined) return false;
  const limits = exchange.quotas?.limitsOf(repository) ?? [];
  if ((await storage.blobs.size(digest)) === undefined || !(await storage.metadata.mountBlob(repository, digest, { from, actor, limits }))) return false;
  sendBlobCreated(exchange, digest);
  return true;
}

/** A repository with the blob that the caller may pull from, with this token: knowing a digest is no right to its bytes. */
async function someoneShows({ caller, storage }: Exchange, digest: Digest): Promise<string | undefined> {
  return (await storage.metadata.holders(digest)).find((name) => caller.may("pull", name));
}

async function receive(exchange: Exchange, upload: Upload, digest?: Digest): Promise<void> {
  const told = Number(exchange.request.headers["content-length"] ?? 0);
  if (told > 0) await roomFor(exchange, upload, upload.size + told, digest);
  const { headers } = exchange.request;
  const header = headers["content-range"];
  if (header === undefined) {
    const taken = await receiveBody(exchange, upload, upload.ended ? 0 : undefined);
    if (!taken) throw tooShort(exchange, upload);
    return;
  }
  const chunk = parseChunkRange(header);
  if (!chunk) throw new RegistryError("BLOB_UPLOAD_INVALID", "Content-Range is not <first>-<last>");
  const length = chunk.end - chunk.start + 1;
  const announced = headers["content-length"];
  if (chunk.start !== upload.size) {
    throw new RegistryError("RANGE_INVALID", `the next byte of this upload is ${upload.size}`, { headers: sessionHeaders(upload) });
  }
  if (announced !== undefined && Number(announced) !== length) throw new RegistryError("SIZE_INVALID", "Content-Length and Content-Range disagree");
  if (upload.ended) throw tooShort(exchange, upload);
  const before = upload.size;
  const whole = await receiveBody(exchange, upload, length);
  if (!whole || upload.size - before !== length) throw new RegistryError("SIZE_INVALID", "the chunk is not as long as its Content-Range");
  // It may be the last one, which may be short; whether it is, the next request says. One that broke off is no chunk: its client goes on.
  upload.ended = length < exchange.settings.chunkMinLength;
}

function tooShort({ settings }: Exchange, upload: Upload): RegistryError {
  return new RegistryError("SIZE_INVALID", `only the last chunk may be shorter than ${settings.chunkMinLength} bytes (OCI-Chunk-Min-Length): begin this upload anew`, { headers: sessionHeaders(upload) });
}

/** An upload that is too large for a quota ends before it is read. */
async function roomFor({ quotas, repository }: Exchange, upload: Upload, bytes: number, digest?: Digest): Promise<void> {
  await quotas?.demandBytes(repository, bytes, digest).catch(async (error: unknown) => {
    await upload.cancel();
    throw error;
  });
}

async function finish(exchange: Exchange, upload: Upload, digest: Digest): Promise<void> {
  if (!(await upload.verify(digest))) {
    await upload.cancel();
    throw new RegistryError("DIGEST_INVALID", "the uploaded bytes have another digest", { detail: { digest } });
  }
  const { storage, actor, quotas, repository } = exchange;
  // Where other servers have the storage too, bytes that were stored in vain stay until they are collected.
  if (!storage.arriving) await roomFor(exchange, upload, upload.size, digest);
  await storage.keepBlob(upload, digest, actor, quotas?.limitsOf(repository));
  sendBlobCreated(exchange, digest);
}

function sendBlobCreated(exchange: Exchange, digest: Digest): void {
  sendEmpty(exchange, 201, { Location: `/v2/${exchange.repository}/blobs/${digest}`, "Docker-Content-Digest": digest });
}

async function findUpload({ storage, repository, parameter }: Exchange): Promise<Upload> {
  const upload = await storage.blobs.uploads.find(repository, parameter);
  if (!upload) throw unknownUpload();
  return upload;
}

function unknownUpload(): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", "the repository has no such upload; it may have ended or expired");
}

/** For requests that change the upload. */
async function work(upload: Upload, task: () => Promise<void>): Promise<void> {
  const outcome = await upload.exclusively(task);
  if (outcome === "busy") throw new RegistryError("BLOB_UPLOAD_INVALID", "another request is working on this upload", { status: 409 });
  if (outcome === "gone") throw unknownUpload();
}

async function createUpload(exchange: Exchange, algorithm: DigestAlgorithm): Promise<Upload> {
  const { storage, repository, settings } = exchange;
  const { uploads } = storage.blobs;
  const owner = ownerOf(exchange);
  const share = settings.uploadsOfOne ?? Math.ceil(settings.uploads / 4);
  if (owner !== undefined && (await uploads.countOf(owner)) >= share) throw tooMany(`${owner} has too many uploads open`);
  const upload = await uploads.create(repository, algorithm, owner);
  if (!upload) throw tooMany("too many uploads are open");
  return upload;
}

function tooMany(problem: string): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", problem, { headers: { "Retry-After": "10" } });
}

/** Whose share of the uploads it counts to; undefined where all share an address. */
function ownerOf({ request, caller }: Exchange): string | undefined {
  if (caller.identity.kind !== "anonymous") return `${caller.identity.kind} ${nameOf(caller.identity)}`;
  const { address, shared } = originOf(request);
  return shared ? undefined : `address ${addressGroup(address)}`;
}

/** The id is in the path because some clients drop or rewrite the query. An empty session is `0-0`, as distribution has it. */
function sessionHeaders(upload: Upload): Record<string, string> {
  return {
    Location: `/v2/${upload.repository}/blobs/uploads/${upload.id}`,
    Range: `0-${Math.max(0, upload.size - 1)}`,
    "Docker-Upload-UUID": upload.id,
  };
}

function checkDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryError("DIGEST_INVALID", "the digest parameter is not a sha256 or sha512 digest", { detail: { digest: text.slice(0, 300) } });
}

function announcedAlgorithm(query: URLSearchParams): DigestAlgorithm {
  const name = query.get("digest-algorithm") ?? "sha256";
  if (name === "sha256" || name === "sha512") return name;
  throw new RegistryError("DIGEST_INVALID", "only sha256 and sha512 are supported", { detail: { algorithm: name.slice(0, 100) } });
}
