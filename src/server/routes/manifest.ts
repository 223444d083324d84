import { digestAlgorithm, digestBytes, isDigest, type Digest } from "../../oci/digest.ts";
import { isTag } from "../../oci/reference.ts";
import { bringSignatures } from "../bring-signatures.ts";
import { checkManifest } from "../check-manifest.ts";
import { sendBytes, sendEmpty, type Exchange } from "../exchange.ts";
import { readBody } from "../read-body.ts";
import { lostBlobs } from "./blob.ts";
import { demandMutable } from "../demand-mutable.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { StoredManifest } from "../storage/records.ts";
import { describeManifest } from "../storage/describe-manifest.ts";

/** Tags that one PUT may set (end-7b asks for at least 10). */
const TAGS_AT_ONCE = 100;

/** end-3. `Accept` is not used: what was stored is served, and a client that cannot read it says so best itself. */
export async function sendManifest(exchange: Exchange): Promise<void> {
  const { repository, request } = exchange;
  const { metadata } = exchange.storage;
  const reference = checkReference(exchange.parameter);
  const manifest = await (exchange.mirror?.covers(repository) ? exchange.mirror.manifest(repository, reference) : metadata.manifest(repository, reference));
  if (!manifest) throw unknownManifest(exchange);
  await demandSigned(exchange, manifest, reference);
  // Who asks for a digest without reading it is about to name it in an index, or to give it a tag.
  if (request.method === "HEAD" && reference === manifest.digest) await metadata.leaseManifest(repository, manifest.digest);
  if (request.method === "GET") metadata.notePull(repository, { digest: manifest.digest, tag: reference === manifest.digest ? undefined : reference });
  const headers = { "Content-Type": manifest.mediaType, "Docker-Content-Digest": manifest.digest, ETag: `"${manifest.digest}"` };
  if (request.headers["if-none-match"] === headers.ETag) sendEmpty(exchange, 304, headers);
  else sendBytes(exchange, 200, manifest.bytes, headers);
}

/** end-7a and 7b: stores the bytes as they came, once everything they name is there. */
export async function putManifest(exchange: Exchange): Promise<void> {
  const { repository, parameter, request, query, storage, settings } = exchange;
  const reference = checkReference(parameter);
  const tags = isDigest(reference) ? query.getAll("tag") : [reference];
  if (tags.length > TAGS_AT_ONCE) throw new RegistryError("TAG_INVALID", `at most ${TAGS_AT_ONCE} tags can be set at once`, { status: 414 });
  for (const tag of tags) if (!isTag(tag)) throw invalidTag(tag);
  const bytes = await readBody(request, settings.manifestLimit);
  const digest = digestOf(bytes, isDigest(reference) ? reference : undefined);
  const references = checkManifest(bytes, request.headers["content-type"]);
  const record = describeManifest(bytes, digest);
  if (record.subject || tags.some(isReferrersTag)) exchange.caller.demand("sign", repository);
  // What is attached and gets no name of an image: for that the right to sign is enough.
  const attachesOnly = tags.every(isReferrersTag) && (record.subject !== undefined || tags.length > 0);
  if (!attachesOnly) exchange.caller.demand("push", repository);
  // Who sends a manifest again by its digest wants to know whether all of it is here, as if each blob were asked for.
  const again = isDigest(reference) && (await storage.metadata.hasManifest(repository, digest));
  const lost = again ? await lostBlobs(exchange, references.blobs) : [];
  if (lost.length > 0) throw missingContent(lost);
  const missing = await storage.metadata.putManifest(repository, { ...record, bytes }, {
    tags, references, sparse: settings.sparse, actor: exchange.actor, onMove: (tag) => demandMove(exchange, tag), limits: exchange.quotas?.limitsOf(repository) ?? [],
  });
  if (missing.length > 0) throw missingContent(missing);
  sendEmpty(exchange, 201, {
    Location: `/v2/${repository}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    ...(record.subject ? { "OCI-Subject": record.subject } : {}),
    ...(query.has("tag") && tags.length > 0 ? { "OCI-Tag": tags } : {}),
  });
}

/** end-9: a tag alone, or a manifest with all its tags. */
export async function deleteManifest(exchange: Exchange): Promise<void> {
  const { repository, storage, actor } = exchange;
  const reference = checkReference(exchange.parameter);
  const onLoss = (tag: string): void => demandMutable(exchange, tag);
  const existed = isDigest(reference)
    ? await storage.metadata.deleteManifest(repository, reference, actor, onLoss)
    : await storage.metadata.deleteTag(repository, reference, actor, onLoss);
  if (!existed) throw unknownManifest(exchange);
  sendEmpty(exchange, 202);
}

/** Who may push or sign has to see an image that is not signed yet. */
async function demandSigned({ repository, signatures, caller, mirror }: Exchange, manifest: StoredManifest, reference: string): Promise<void> {
  if (!signatures.demands(repository) || caller.could("push", repository) || caller.could("sign", repository)) return;
  let refusal = await signatures.refusal(repository, manifest, reference);
  if (refusal !== undefined && mirror?.covers(repository)) {
    await bringSignatures(mirror, repository, manifest);
    refusal = await signatures.refusal(repository, manifest, reference);
  }
  if (refusal !== undefined) throw new RegistryError("DENIED", refusal);
}

/** A tag that names another manifest moves only for those who may move tags, and one that is immutable for nobody. */
function demandMove(exchange: Exchange, tag: string): void {
  demandMutable(exchange, tag);
  exchange.caller.demand("retag", exchange.repository);
}

/** A tag under which clients attach signatures and SBOMs: the specification's, and cosign's. */
function isReferrersTag(tag: string): boolean {
  return /^sha256-[a-f0-9]{64}(?:\.(?:sig|att|sbom))?$/.test(tag);
}

function checkReference(text: string): string {
  if (isDigest(text) || isTag(text)) return text;
  if (text.includes(":")) throw new RegistryError("DIGEST_INVALID", "the reference is not a sha256 or sha512 digest", { detail: { reference: text.slice(0, 300) } });
  throw invalidTag(text);
}

function invalidTag(tag: string): RegistryError {
  return new RegistryError("TAG_INVALID", "the tag does not follow the grammar", { detail: { tag: tag.slice(0, 300) } });
}

function digestOf(bytes: Uint8Array, wanted: Digest | undefined): Digest {
  const digest = digestBytes(bytes, wanted ? digestAlgorithm(wanted) : "sha256");
  if (wanted && wanted !== digest) throw new RegistryError("DIGEST_INVALID", "the manifest has another digest", { detail: { digest: wanted } });
  return digest;
}

function missingContent(missing: readonly Digest[]): RegistryError {
  return new RegistryError("MANIFEST_BLOB_UNKNOWN", "the manifest names content that the repository does not have: push that first", {
    detail: missing.slice(0, 100).map((digest) => ({ digest })),
  });
}

function unknownManifest({ repository, parameter }: Exchange): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", "the repository has no such manifest", { detail: { name: repository, reference: parameter } });
}
