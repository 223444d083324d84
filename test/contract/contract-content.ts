import { digestBytes, type Digest } from "../../src/oci/digest.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import { describeManifest } from "../../src/server/storage/describe-manifest.ts";
import { referencesOf } from "../../src/server/storage/manifest-references.ts";
import type { Metadata, PutManifestOptions } from "../../src/server/storage/metadata.ts";
import type { Actor, StoredManifest } from "../../src/server/storage/records.ts";

export const actor: Actor = { user: "ana", address: "192.0.2.1", agent: "contract/1" };

export const digestOf = (text: string): Digest => digestBytes(text, "sha256");

export function manifestOf(document: object): StoredManifest {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestBytes(bytes, "sha256");
  return { ...describeManifest(bytes, digest), bytes };
}

/** An image of a config and one layer, that are not stored yet; each `text` is another one. */
export function imageOf(text: string, fields: object = {}): { manifest: StoredManifest; config: Digest; layer: Digest } {
  const [config, layer] = [digestOf(`config of ${text}`), digestOf(text)];
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: config, size: 10 },
    layers: [{ mediaType: mediaType.ociLayer, digest: layer, size: 20 }],
    ...fields,
  });
  return { manifest, config, layer };
}

export function indexOf(manifests: readonly object[], fields: object = {}): StoredManifest {
  return manifestOf({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests, ...fields });
}

export function describe({ mediaType: type, digest, size }: StoredManifest): { mediaType: string; digest: Digest; size: number } {
  return { mediaType: type, digest, size };
}

/** Stores the records of a manifest alone, with what it names wanted as `sparse` says. */
export function put(metadata: Metadata, repository: string, manifest: StoredManifest, tags: readonly string[] = [], options: Partial<PutManifestOptions> = {}): Promise<readonly Digest[]> {
  const references = referencesOf(JSON.parse(Buffer.from(manifest.bytes).toString()) as Record<string, unknown>);
  return metadata.putManifest(repository, manifest, { tags, references, sparse: "nothing", actor, ...options });
}

/** Stores the records of a whole image. */
export async function pushImage(metadata: Metadata, repository: string, text: string, tags: readonly string[] = [], fields: object = {}): Promise<StoredManifest> {
  const { manifest, config, layer } = imageOf(text, fields);
  await metadata.addBlob(repository, { digest: config, size: 10 }, actor);
  await metadata.addBlob(repository, { digest: layer, size: 20 }, actor);
  const missing = await put(metadata, repository, manifest, tags);
  if (missing.length > 0) throw new Error(`missing ${missing.join(", ")}`);
  return manifest;
}
