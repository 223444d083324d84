import type { Digest } from "../../oci/digest.ts";
import type { Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { ReferrerTags } from "../places/referrer-tags.ts";
import { subjectOf } from "../read-document.ts";

/**
 * Deletes a manifest with all of its tags. Where it refers to another one and the registry keeps no list of referrers
 * itself, it goes from the list that clients keep (distribution-spec § Deleting Manifests).
 * @throws MANIFEST_UNKNOWN, REGISTRY_REFUSED, REGISTRY_…
 */
export async function deleteManifest(client: RegistryClient, reference: Reference & { readonly digest: Digest }, signal: AbortSignal): Promise<void> {
  const subject = subjectOf(await client.manifestGet(reference, { signal }));
  await client.manifestDelete(reference, { signal });
  if (subject !== undefined) await new ReferrerTags(client, reference).remove(subject, reference.digest, signal);
}
