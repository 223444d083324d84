import { isDigest } from "../oci/digest.ts";
import { parseObject } from "../oci/manifest.ts";
import { SIMPLE_SIGNING, signatureTag } from "../trust/simple-signing.ts";
import { isBundleType } from "../trust/sigstore-bundle.ts";
import type { PullThrough } from "./pull-through.ts";
import type { StoredManifest } from "./storage/records.ts";
import { RegistryError } from "./terms/registry-error.ts";

/** Signatures that are fetched for one image. */
const MOST = 20;
/** Bytes of one: what is larger is none. */
const LARGEST = 256 * 1024;

/** Has the signatures of a copied image fetched, so that they can be looked at here. What is not to be had is left out. */
export async function bringSignatures(mirror: PullThrough, repository: string, image: StoredManifest): Promise<void> {
  const bundles = (await mirror.referrers(repository, image.digest)).filter(({ artifactType }) => isBundleType(artifactType)).slice(0, MOST);
  for (const reference of [...bundles.map(({ digest }) => digest), signatureTag(image.digest)]) {
    try {
      const { bytes } = await mirror.manifest(repository, reference);
      const { layers } = parseObject(bytes, "the manifest");
      for (const layer of Array.isArray(layers) ? layers.slice(0, MOST) : []) {
        const { mediaType, digest, size } = (layer ?? {}) as { mediaType?: string; digest?: string; size?: number };
        if (digest === undefined || !isDigest(digest) || size === undefined || size > LARGEST || !(mediaType === SIMPLE_SIGNING || isBundleType(mediaType))) continue;
        await (await mirror.fetchBlob(repository, digest)).stored;
      }
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
    }
  }
}
