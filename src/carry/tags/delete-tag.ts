import { randomUUID } from "node:crypto";
import { sha256 } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { fault, isFault } from "../../std/fault.ts";
import { once } from "../../std/once.ts";

/**
 * Takes a tag away and leaves the manifest to its other tags. Where a registry deletes by digest only, which would
 * take them all, the tag is first given a manifest of its own, and this is deleted.
 * @returns whether that was needed
 * @throws MANIFEST_UNKNOWN, REGISTRY_REFUSED where deleting is switched off, REGISTRY_…
 */
export async function deleteTag(client: RegistryClient, { host, repository, tag }: Reference & { readonly tag: string }, signal: AbortSignal): Promise<boolean> {
  const reference = { host, repository, tag };
  if (!(await client.manifestHead(reference, { signal }))) throw fault("MANIFEST_UNKNOWN", { reference: formatReference(reference) });
  try {
    await client.manifestDelete(reference, { signal });
    return false;
  } catch (error) {
    if (!isFault(error, "REGISTRY_REFUSED") && !isFault(error, "MANIFEST_UNKNOWN")) throw error;
  }
  // Tried without the tag first: where deleting is switched off, it has to stay what it is.
  await client.manifestDelete(await putPlaceholder(client, reference, undefined, signal), { signal });
  await client.manifestDelete(await putPlaceholder(client, reference, tag, signal), { signal });
  return true;
}

/** A manifest that nobody else has. @returns where it is, by digest */
async function putPlaceholder(client: RegistryClient, { host, repository }: Reference, tag: string | undefined, signal: AbortSignal): Promise<Reference> {
  const config = Buffer.from(JSON.stringify({
    architecture: "unknown", os: "unknown", config: { Labels: { "delete-tag": tag ?? "", "delete-id": randomUUID() } }, rootfs: { type: "layers", diff_ids: [] },
  }));
  const digest = sha256(config);
  await client.blobPut({ host, repository }, { digest, size: config.length, open: (start) => once(config.subarray(start)) }, { signal });
  const bytes = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: mediaType.ociManifest, config: { mediaType: mediaType.ociConfig, digest, size: config.length }, layers: [],
  }));
  const place = { host, repository, digest: sha256(bytes) };
  await client.manifestPut(tag === undefined ? place : { host, repository, tag }, { bytes, mediaType: mediaType.ociManifest }, { signal });
  return place;
}
