import { isDigest } from "../../oci/digest.ts";
import { parseObject, type Descriptor } from "../../oci/manifest.ts";
import { isIndex } from "../../oci/media-type.ts";
import type { StoredManifest } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import { readJsonBlob } from "./read-json-blob.ts";

/** Images of an index that are looked at: whoever pushes more must not keep the server from its work. */
const IMAGES_AT_MOST = 200;

/** A manifest with what its document names. Whatever a pusher wrote is in it: nothing but descriptors was checked. */
export interface ImageView {
  readonly manifest: StoredManifest;
  readonly annotations: Readonly<Record<string, string>>;
  /** Empty but for an index. */
  readonly manifests: readonly Descriptor[];
  readonly layers: readonly Descriptor[];
  readonly config: Descriptor | undefined;
}

export function viewImage(manifest: StoredManifest): ImageView {
  const document = parseObject(manifest.bytes, "the manifest");
  const index = isIndex(manifest.mediaType);
  const [config] = descriptorsOf([document["config"]]);
  return {
    manifest,
    annotations: textsOf(document["annotations"]),
    manifests: index ? descriptorsOf(document["manifests"]).slice(0, IMAGES_AT_MOST) : [],
    layers: index ? [] : descriptorsOf(document["layers"]),
    config: index ? undefined : config,
  };
}

/** What a pull loads: of an index, of all its images that are here. */
export async function imageSize({ metadata }: RegistryStorage, repository: string, view: ImageView): Promise<number> {
  const sizes = new Map<string, number>();
  const add = ({ manifest, layers, config }: ImageView): void => {
    sizes.set(manifest.digest, manifest.size);
    for (const { digest, size } of config ? [config, ...layers] : layers) sizes.set(digest, size);
  };
  add(view);
  for (const { digest } of view.manifests) {
    const manifest = await metadata.manifest(repository, digest);
    if (manifest) add(viewImage(manifest));
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** The platforms of an image, as `linux/arm64/v8`; attestations have none. */
export async function platformsOf(storage: RegistryStorage, repository: string, view: ImageView): Promise<readonly string[]> {
  if (view.manifests.length > 0) return [...new Set(view.manifests.flatMap(({ platform }) => platformText(platform) ?? []))];
  const config = view.config && (await readJsonBlob(storage, repository, view.config.digest));
  const platform = platformText(config);
  return platform === undefined ? [] : [platform];
}

/** Undefined for what names no platform, and for `unknown/unknown`, which stands for attestations. */
export function platformText(value: unknown): string | undefined {
  const { os, architecture, variant } = (value ?? {}) as Record<string, unknown>;
  if (typeof os !== "string" || typeof architecture !== "string" || os === "unknown") return undefined;
  return [os, architecture, ...(typeof variant === "string" && variant !== "" ? [variant] : [])].join("/").slice(0, 100);
}

/** The texts of an object, without what is something else. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function descriptorsOf(value: unknown): readonly Descriptor[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Descriptor => {
    const { digest, size } = (item ?? {}) as Record<string, unknown>;
    return typeof digest === "string" && isDigest(digest) && Number.isSafeInteger(size);
  });
}
