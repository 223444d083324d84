import type { KeyObject } from "node:crypto";
import { isDigest, type Digest } from "../../oci/digest.ts";
import { parseObject } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { isPayloadFor, isPayloadSignedBy, SIGNATURE_ANNOTATION, signatureTag, SIMPLE_SIGNING } from "../../trust/simple-signing.ts";
import { isBundleType, isManifestSignedBy, readManifestSignature } from "../../trust/sigstore-bundle.ts";
import { createBoundedCache } from "../storage/bounded-cache.ts";
import type { StoredManifest } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";

/** A signature that an image has: one of the layers of a manifest that is attached to it. */
export interface ImageSignature {
  readonly form: "bundle" | "tag";
  isOf(key: KeyObject): boolean;
}

/** Manifests that are looked at, and layers in each: whoever may sign must not keep the server from its work. */
const MOST = 200;
const LAYERS = 50;
/** Signatures are far smaller. */
const LARGEST = 256 * 1024;
const REMEMBERED = 16 * 1024 * 1024;

/**
 * Finds signatures of cosign: bundles that refer to the image, and the tag `sha256-….sig`. What a manifest holds never changes, so it is read once and remembered by its digest.
 */
export function imageSignatures(storage: RegistryStorage): (repository: string, image: StoredManifest) => Promise<readonly ImageSignature[]> {
  const { metadata } = storage;
  const known = createBoundedCache<readonly ImageSignature[]>(REMEMBERED);

  const readOnce = async (repository: string, image: StoredManifest, attached: Digest | StoredManifest): Promise<readonly ImageSignature[]> => {
    const digest = typeof attached === "string" ? attached : attached.digest;
    // The repository is a part of the key: blobs of others are not to be found through it.
    const key = `${repository} ${image.digest} ${digest}`;
    const before = known.get(key);
    if (before) return before;
    const manifest = typeof attached === "string" ? await metadata.manifest(repository, attached) : attached;
    const read = manifest && (await readSignatures(storage, repository, image, manifest));
    if (read === undefined) return [];
    known.set(key, read, 1000 + 2 * key.length + read.length * 2000);
    return read;
  };

  return async (repository, image) => {
    const [{ items }, tagged] = await Promise.all([metadata.referrers(repository, image.digest, { limit: MOST }), metadata.manifest(repository, signatureTag(image.digest))]);
    // Some writers leave the type of a bundle out, or write that of an empty config.
    const bundles = items.filter(({ artifactType }) => artifactType === undefined || artifactType === mediaType.ociEmpty || isBundleType(artifactType));
    const found: ImageSignature[] = [];
    for (const attached of [...bundles.map(({ digest }) => digest), ...(tagged ? [tagged] : [])]) found.push(...(await readOnce(repository, image, attached)));
    return found;
  };
}

/** Undefined where a part of it is not here, yet or any more. */
async function readSignatures(storage: RegistryStorage, repository: string, image: StoredManifest, attached: StoredManifest): Promise<readonly ImageSignature[] | undefined> {
  const { layers } = parseObject(attached.bytes, "the manifest");
  const found: ImageSignature[] = [];
  for (const layer of Array.isArray(layers) ? layers.slice(0, LAYERS) : []) {
    const { mediaType: type, digest, annotations } = (layer ?? {}) as { mediaType?: unknown; digest?: unknown; annotations?: Readonly<Record<string, unknown>> | null };
    if (typeof type !== "string" || typeof digest !== "string" || !isDigest(digest) || !(type === SIMPLE_SIGNING || isBundleType(type))) continue;
    const bytes = await readBlob(storage, repository, digest);
    if (bytes === "missing") return undefined;
    if (bytes === "too large") continue;
    if (type === SIMPLE_SIGNING) {
      const signature = annotations?.[SIGNATURE_ANNOTATION];
      if (typeof signature === "string" && signature !== "" && isPayloadFor(image.digest, bytes)) found.push({ form: "tag", isOf: remembered((key) => isPayloadSignedBy(key, bytes, signature)) });
      continue;
    }
    const signature = readManifestSignature(bytes, image);
    if (signature && (signature.certified === undefined || isManifestSignedBy(signature.certified, signature))) found.push({ form: "bundle", isOf: remembered((key) => isManifestSignedBy(key, signature)) });
  }
  return found;
}

async function readBlob({ blobs, metadata }: RegistryStorage, repository: string, digest: Digest): Promise<Uint8Array | "missing" | "too large"> {
  const size = await metadata.blobSize(repository, digest);
  if (size === undefined) return "missing";
  if (size === 0 || size > LARGEST) return "too large";
  const source = await blobs.read(digest, { start: 0, end: size - 1 });
  if (source === undefined) return "missing";
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Keys are those of the configuration, and few. */
function remembered(check: (key: KeyObject) => boolean): (key: KeyObject) => boolean {
  const answers = new WeakMap<KeyObject, boolean>();
  return (key) => {
    let answer = answers.get(key);
    if (answer === undefined) answers.set(key, (answer = check(key)));
    return answer;
  };
}
