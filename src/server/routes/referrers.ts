import { isDigest } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { sendList, type Exchange } from "../exchange.ts";
import { linkToNext, pageOf, partOf } from "../paging.ts";
import { RegistryError } from "../terms/registry-error.ts";

/** Descriptors in one answer: annotations make them large, and clients bound what they read. */
const PAGE = 1000;

/** RFC 6838, 4.2: two names of at most 127 characters. */
const LONGEST_TYPE = 255;

/** end-12: an index of the manifests whose subject is the digest; empty for an unknown one. */
export async function listReferrers(exchange: Exchange): Promise<void> {
  const { repository, parameter, query, storage } = exchange;
  if (!isDigest(parameter)) throw new RegistryError("DIGEST_INVALID", "the digest is not a sha256 or sha512 digest");
  const type = query.get("artifactType") || undefined;
  if (type !== undefined && type.length > LONGEST_TYPE) throw new RegistryError("REQUEST_INVALID", "the artifactType is longer than a media type can be");
  const range = pageOf(query, { most: PAGE });
  const mirrored = exchange.mirror?.covers(repository) ? (await exchange.mirror.referrers(repository, parameter)).filter(({ artifactType }) => type === undefined || artifactType === type) : undefined;
  const referrers = mirrored ? partOf(mirrored, range, ({ digest }) => digest) : await storage.metadata.referrers(repository, parameter, { ...range, artifactType: type });
  const link = linkToNext(referrers, query, { path: `/v2/${repository}/referrers/${parameter}`, key: ({ digest }) => digest });
  sendList(
    exchange,
    referrers,
    () => ({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: referrers.items }),
    { "Content-Type": mediaType.ociIndex, ...(type ? { "OCI-Filters-Applied": "artifactType" } : {}), ...link },
  );
}
