import { digestAlgorithm, digestHex } from "../../oci/digest.ts";
import type { Document, Referrer, Source } from "../../carry/place.ts";
import { fault } from "../../std/fault.ts";
import type { StoredManifest } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";

/** What cosign appends to a digest to make the tag of what belongs to it. */
const DIGEST_TAGS = ["sig", "att", "sbom"] as const;
const REFERRERS_AT_ONCE = 500;

/** A tag of this registry. */
export function storageSource({ metadata, blobs }: RegistryStorage, repository: string, tag: string): Source {
  const name = `${repository}:${tag}`;
  const find = async (reference: string): Promise<Document> => {
    const manifest = await metadata.manifest(repository, reference);
    if (!manifest) throw fault("MANIFEST_UNKNOWN", { reference: name });
    return documentOf(manifest);
  };
  return {
    name,
    root: () => find(tag),
    rootDigest: async () => (await metadata.manifest(repository, tag))?.digest,
    manifestGet: ({ digest }) => find(digest),
    async *blobOpen({ digest, size }, { start }) {
      if ((await metadata.blobSize(repository, digest)) !== size) throw fault("BLOB_UNKNOWN", { host: "this registry", repository, digest });
      if (start >= size) return;
      const source = await blobs.read(digest, { start, end: size - 1 });
      if (!source) throw fault("BLOB_UNKNOWN", { host: "this registry", repository, digest });
      for await (const chunk of source) yield Buffer.from(chunk); // the storage writes over its chunks, and who sends keeps some
    },
    async referrerList(digest) {
      const found: Referrer[] = [];
      for (let after: string | undefined; ; ) {
        const { items, more } = await metadata.referrers(repository, digest, { after, limit: REFERRERS_AT_ONCE });
        found.push(...items);
        if (!more) break;
        after = items.at(-1)!.digest;
      }
      for (const kind of DIGEST_TAGS) {
        const attaching = `${digestAlgorithm(digest)}-${digestHex(digest)}.${kind}`;
        const manifest = await metadata.manifest(repository, attaching);
        if (manifest) found.push({ mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size, tag: attaching });
      }
      return found;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function documentOf({ bytes, mediaType, digest }: StoredManifest): Document {
  return { bytes, mediaType, digest };
}
