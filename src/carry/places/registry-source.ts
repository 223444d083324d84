import { digestAlgorithm, digestHex, type Digest } from "../../oci/digest.ts";
import { familiarReference, type Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { isFault } from "../../std/fault.ts";
import type { Referrer, Source } from "../place.ts";

/** What cosign appends to a digest to make the tag of what belongs to it. */
const DIGEST_TAGS = ["sig", "att", "sbom"] as const;

/** An image of a registry. The client is not closed with it. */
export function registrySource(client: RegistryClient, reference: Reference): Source {
  const { host, repository } = reference;
  const name = familiarReference(reference);
  return {
    name,
    repository: { host, repository },
    root: (signal) => client.manifestGet(reference, { signal }),
    // A HEAD that finds nothing or tells no digest is followed by a GET, which says why.
    rootDigest: async (signal) => (await client.manifestHead(reference, { signal }))?.digest,
    manifestGet: ({ digest }, signal) => client.manifestGet({ host, repository, digest }, { signal }),
    blobOpen: (blob, { start, afresh, lend = false, signal }) => client.blobGet(reference, blob, { start, verify: false, lend, signal, ...(afresh ? { originOnly: true } : {}) }),
    async referrerList(digest, signal) {
      const [listed, ...tagged] = await Promise.all([
        client.referrerList({ host, repository, digest }, { signal }),
        ...DIGEST_TAGS.map((kind) => taggedReferrer(client, reference, `${digestAlgorithm(digest)}-${digestHex(digest)}.${kind}`, signal)),
      ]);
      return [...listed, ...tagged.filter((each) => each !== undefined)];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function taggedReferrer(client: RegistryClient, { host, repository }: Reference, tag: string, signal: AbortSignal): Promise<Referrer | undefined> {
  // A tag has at most 128 characters, so there is none for a sha512.
  if (tag.length > 128) return undefined;
  const info = await client.manifestHead({ host, repository, tag }, { signal }).catch((error: unknown) => {
    if (isFault(error, "NAME_UNKNOWN")) return undefined;
    throw error;
  });
  if (!info) return undefined;
  const digest: Digest = info.digest ?? (await client.manifestGet({ host, repository, tag }, { signal })).digest;
  return { mediaType: info.mediaType, digest, size: info.size ?? 0, tag };
}
