import { fault, isFault } from "../../std/fault.ts";
import type { Digest } from "../../oci/digest.ts";
import { parseIndex, type Descriptor } from "../../oci/manifest.ts";
import { formatRepository, isRepository, isTag, type Reference } from "../../oci/reference.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import { repositoryPath, repositoryScope, type Endpoint } from "../routes/endpoint.ts";
import { getManifest } from "./manifest-requests.ts";
import { readPages } from "./pages.ts";
import type { Places } from "../routes/places.ts";
import type { Session } from "./session.ts";

/** All tags of a repository, in the registry's order. @throws NAME_UNKNOWN, RESPONSE_INVALID, REGISTRY_… */
export async function listTags(session: Session, endpoint: Endpoint, reference: Reference, signal?: AbortSignal): Promise<string[]> {
  const tags: string[] = [];
  for await (const { value } of readPages(session, { ...listRequest(endpoint, reference, "tags/list", signal), accept: [200] })) {
    // `null` is how Go writes an empty list.
    const page = value["tags"] ?? [];
    if (!Array.isArray(page)) {
      throw fault("RESPONSE_INVALID", { host: endpoint.host, request: `GET of tags of ${reference.repository}`, problem: "tags is not a list" });
    }
    tags.push(...page.filter((tag): tag is string => typeof tag === "string" && isTag(tag)));
  }
  return tags;
}

/** Names of the repositories of a registry, at most `limit` (distribution's extension `_catalog`). @throws RESPONSE_INVALID, REGISTRY_… */
export async function listRepositories(session: Session, endpoint: Endpoint, { limit = Infinity, signal }: { limit?: number; signal?: AbortSignal } = {}): Promise<string[]> {
  const names: string[] = [];
  const request = {
    endpoint, method: "GET", target: `${endpoint.api}/_catalog${limit < Infinity ? `?n=${limit}` : ""}`, scopes: ["registry:catalog:*"], accept: [200],
    subject: { kind: "list", name: `the repositories of ${endpoint.host}` }, ...(signal ? { signal } : {}),
  } as const;
  for await (const { value } of readPages(session, request)) {
    const page = value["repositories"] ?? [];
    if (!Array.isArray(page)) throw fault("RESPONSE_INVALID", { host: endpoint.host, request: "GET of its repositories", problem: "repositories is not a list" });
    names.push(...page.filter((name): name is string => typeof name === "string" && isRepository(name)));
    if (names.length >= limit) break;
  }
  return names.slice(0, limit);
}

/**
 * What refers to a manifest: by the referrers API, or, where a registry has none, by the fallback tag
 * (distribution-spec § Listing Referrers).
 */
export async function listReferrers(
  session: Session,
  places: Places,
  reference: Reference & { readonly digest: Digest },
  options: { artifactType?: string; signal?: AbortSignal } = {},
): Promise<Descriptor[]> {
  const { artifactType, signal } = options;
  const endpoint = await places.origin(reference);
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found: Descriptor[] = [];
  const request = { ...listRequest(endpoint, reference, `referrers/${reference.digest}${query}`, signal), accept: [200, 404] };
  for await (const { status, value } of readPages(session, request)) {
    if (status === 404) {
      found.push(...(await fallbackReferrers(session, places, reference, signal)));
      break;
    }
    // `null` is how Go writes an empty list.
    if (value["manifests"] === null) continue;
    found.push(...parseIndex(Buffer.from(JSON.stringify(value)), `the referrers of ${reference.digest}`).manifests);
  }
  return artifactType === undefined ? found : found.filter((descriptor) => descriptor.artifactType === artifactType);
}

async function fallbackReferrers(session: Session, places: Places, reference: Reference & { readonly digest: Digest }, signal: AbortSignal | undefined): Promise<readonly Descriptor[]> {
  const tagged: Reference = { host: reference.host, repository: reference.repository, tag: referrersTag(reference.digest) };
  try {
    const manifest = await getManifest(session, places, tagged, signal ? { signal } : {});
    return parseIndex(manifest.bytes, `the referrers of ${reference.digest}`).manifests;
  } catch (error) {
    if (isFault(error, "MANIFEST_UNKNOWN") || isFault(error, "NAME_UNKNOWN")) return [];
    throw error;
  }
}

function listRequest(endpoint: Endpoint, reference: Reference, path: string, signal: AbortSignal | undefined) {
  return {
    endpoint,
    method: "GET",
    target: repositoryPath(endpoint, reference, path),
    scopes: [repositoryScope(endpoint, reference.repository, "pull")],
    subject: { kind: "list", name: `${path.split(/[/?]/)[0]} of ${formatRepository(reference)}`, repository: reference.repository },
    ...(signal ? { signal } : {}),
  } as const;
}
