import { fault, isFault } from "../../std/fault.ts";
import { digestAlgorithm, digestBytes, isDigest, sha256, type Digest } from "../../oci/digest.ts";
import { MANIFEST_LIMIT, parseIndex, type Index } from "../../oci/manifest.ts";
import { isIndex, isManifest, mediaType } from "../../oci/media-type.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { repositoryPath, repositoryScope, type Endpoint } from "../routes/endpoint.ts";
import type { Places } from "../routes/places.ts";
import { listPlatforms, selectPlatform } from "../../oci/select-platform.ts";
import type { Session } from "./session.ts";
import { discard, header, type Answer } from "../transport/transport.ts";

/** A manifest or index exactly as the registry holds it. */
export interface RemoteManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  /** The index that led to it, when a platform was chosen from one. */
  readonly index?: RemoteManifest;
}

/** What a HEAD tells about a manifest. */
export interface ManifestInfo {
  readonly mediaType: string;
  readonly digest?: Digest;
  readonly size?: number;
}

const ACCEPT = [mediaType.ociIndex, mediaType.ociManifest, mediaType.dockerList, mediaType.dockerManifest].join(", ");
const DEEPEST_INDEX = 4;

/**
 * Gets a manifest by digest or else tag. With a platform, an index is followed to that platform's image.
 * @throws MANIFEST_UNKNOWN, PLATFORM_UNAVAILABLE, BLOB_DIGEST_MISMATCH, RESPONSE_INVALID, REGISTRY_…
 */
export async function getManifest(
  session: Session,
  places: Places,
  reference: Reference,
  options: { platform?: Platform; signal?: AbortSignal } = {},
): Promise<RemoteManifest> {
  const stoppable = options.signal ? { signal: options.signal } : {};
  let found = await places.first(reference, purposeOf(reference), (endpoint) => getFrom(session, endpoint, reference, options.signal), stoppable);
  for (let depth = 0; options.platform && isIndex(found.mediaType); depth += 1) {
    const index = readIndex(found, reference);
    const chosen = depth < DEEPEST_INDEX ? selectPlatform(index, options.platform) : undefined;
    if (!chosen) {
      throw fault("PLATFORM_UNAVAILABLE", {
        reference: formatReference(reference), platform: formatPlatform(options.platform), available: listPlatforms(index),
      });
    }
    const child = { ...reference, digest: chosen.digest };
    const manifest = await places.first(reference, "pull", (endpoint) => getFrom(session, endpoint, child, options.signal), stoppable);
    found = { ...manifest, index: found.index ?? found };
  }
  return found;
}

/** Undefined when the registry has no such manifest. */
export async function headManifest(session: Session, places: Places, reference: Reference, options: { push?: boolean; once?: boolean; signal?: AbortSignal } = {}): Promise<ManifestInfo | undefined> {
  const stoppable = options.signal ? { signal: options.signal } : {};
  const ask = async (endpoint: Endpoint): Promise<ManifestInfo | undefined> => {
    // With the rights that a push will need, so that one token serves both.
    const scopes = [repositoryScope(endpoint, reference.repository, options.push ? "pull,push" : "pull")];
    const answer = await session.send({ ...manifestRequest(endpoint, reference), scopes, method: "HEAD", accept: [200, 404], repeatable: options.once !== true, ...stoppable });
    await discard(answer);
    // Another place may have what a mirror does not.
    if (answer.status === 404 && endpoint.mirror) throw fault("MANIFEST_UNKNOWN", { reference: formatReference(reference) });
    if (answer.status === 404) return undefined;
    const digest = header(answer, "docker-content-digest");
    const length = header(answer, "content-length");
    return {
      mediaType: contentType(answer),
      ...(digest !== undefined && isDigest(digest) ? { digest } : {}),
      ...(length !== undefined ? { size: Number(length) } : {}),
    };
  };
  return options.push ? ask(await places.target(reference)) : places.first(reference, purposeOf(reference), ask, stoppable);
}

/** Puts a manifest by tag, or by digest where the reference has no tag. Gives back its digest. @throws RESPONSE_INVALID, REGISTRY_… */
export async function putManifest(
  session: Session,
  places: Places,
  reference: Reference,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  signal?: AbortSignal,
): Promise<{ digest: Digest; subject?: Digest }> {
  const endpoint = await places.target(reference);
  const digest = reference.tag === undefined && reference.digest ? digestBytes(manifest.bytes, digestAlgorithm(reference.digest)) : sha256(manifest.bytes);
  const answer = await session.send({
    endpoint,
    method: "PUT",
    target: repositoryPath(endpoint, reference, `manifests/${reference.tag ?? digest}`),
    scopes: [repositoryScope(endpoint, reference.repository, "pull,push")],
    headers: { "content-type": manifest.mediaType },
    body: () => manifest.bytes,
    accept: [200, 201],
    subject: { kind: "upload", name: formatReference(reference), repository: reference.repository },
    answerTimeout: session.transport.timeouts.commitTimeout,
    ...(signal ? { signal } : {}),
  });
  await discard(answer);
  const told = header(answer, "docker-content-digest");
  if (told !== undefined && told.startsWith("sha256:") && digest.startsWith("sha256:") && told !== digest) {
    throw fault("RESPONSE_INVALID", { host: reference.host, request: `PUT of ${formatReference(reference)}`, problem: `it stored the manifest as ${told} instead of ${digest}` });
  }
  // A registry says that it created it (distribution-spec § Pushing Manifests); what says OK to every request has nothing.
  if (answer.status === 200 && told === undefined && !(await givesBack(session, endpoint, { ...reference, digest }, signal))) {
    throw fault("RESPONSE_INVALID", { host: reference.host, request: `PUT of ${formatReference(reference)}`, problem: "it says OK and does not have the manifest" });
  }
  const subject = header(answer, "oci-subject");
  return { digest, ...(subject !== undefined && isDigest(subject) ? { subject } : {}) };
}

/** Whether the place has a manifest, as far as it may be read. */
async function givesBack(session: Session, endpoint: Endpoint, reference: Reference, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await getFrom(session, endpoint, reference, signal);
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (!isFault(error)) throw error;
    return !["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_DIGEST_MISMATCH", "RESPONSE_INVALID"].includes(error.code);
  }
}

/** Deletes a tag, or the manifest itself (with its tags) when the reference has a digest. @throws MANIFEST_UNKNOWN, REGISTRY_REFUSED, … */
export async function deleteManifest(session: Session, places: Places, reference: Reference, signal?: AbortSignal): Promise<void> {
  const endpoint = await places.target(reference);
  const scopes = [repositoryScope(endpoint, reference.repository, "delete"), repositoryScope(endpoint, reference.repository, "pull,push")];
  await discard(await session.send({ ...manifestRequest(endpoint, reference), method: "DELETE", scopes, accept: [200, 202, 204], ...(signal ? { signal } : {}) }));
}

/** A place that only holds content is not asked what a tag means. */
function purposeOf(reference: Reference): "pull" | "resolve" {
  return reference.digest === undefined ? "resolve" : "pull";
}

async function getFrom(session: Session, endpoint: Endpoint, reference: Reference, signal: AbortSignal | undefined): Promise<RemoteManifest> {
  const request = { ...manifestRequest(endpoint, reference), method: "GET", accept: [200], ...(signal ? { signal } : {}) } as const;
  const { answer, bytes } = await session.read(request, MANIFEST_LIMIT);
  const invalid = (problem: string): Error =>
    fault("RESPONSE_INVALID", { host: endpoint.host, request: `GET of ${formatReference(reference)}`, problem });
  if (!bytes) throw invalid(`the manifest has more than ${MANIFEST_LIMIT} bytes`);
  const length = header(answer, "content-length");
  if (length !== undefined && Number(length) !== bytes.length) throw invalid(`Content-Length is ${length} but ${bytes.length} bytes came`);
  const told = header(answer, "docker-content-digest");
  const wanted = reference.digest ?? (told !== undefined && isDigest(told) ? told : undefined);
  const digest = wanted ? digestBytes(bytes, digestAlgorithm(wanted)) : sha256(bytes);
  if (wanted && digest !== wanted) throw fault("BLOB_DIGEST_MISMATCH", { host: endpoint.host, what: "manifest", expected: wanted, received: digest });
  return { bytes, mediaType: typeOf(answer, bytes, invalid), digest };
}

function manifestRequest(endpoint: Endpoint, reference: Reference) {
  return {
    endpoint,
    target: repositoryPath(endpoint, reference, `manifests/${reference.digest ?? reference.tag ?? "latest"}`),
    scopes: [repositoryScope(endpoint, reference.repository, "pull")],
    headers: { accept: ACCEPT },
    subject: { kind: "manifest", name: formatReference(reference), repository: reference.repository },
  } as const;
}

/** Header and body must not disagree: what one tool takes for an image, another would take for an index. */
function typeOf(answer: Answer, bytes: Uint8Array, invalid: (problem: string) => Error): string {
  const told = contentType(answer);
  const known = (type: string): boolean => isIndex(type) || isManifest(type);
  let document: { mediaType?: unknown; manifests?: unknown; layers?: unknown } | null;
  try {
    document = JSON.parse(Buffer.from(bytes).toString("utf8")) as typeof document;
  } catch {
    throw invalid("the manifest is not JSON");
  }
  const own = document?.mediaType;
  if (typeof own !== "string" || own === "") {
    // mediaType is optional in OCI documents; then their members tell.
    if (known(told) || told.startsWith("application/vnd.")) return told;
    return Array.isArray(document?.manifests) ? mediaType.ociIndex : Array.isArray(document?.layers) ? mediaType.ociManifest : told;
  }
  if (known(told) && known(own) && told !== own) throw invalid(`Content-Type is ${told} but the manifest says ${own}`);
  return known(told) ? told : own;
}

function contentType(answer: Answer): string {
  return (header(answer, "content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

function readIndex(manifest: RemoteManifest, reference: Reference): Index {
  return parseIndex(manifest.bytes, `the index of ${formatReference(reference)}`);
}

