import type { Digest } from "../../oci/digest.ts";
import type { S3Options } from "../cache-options.ts";

/** The name of a cache where none is said: another than other builders', whose caches may lie in the same bucket. */
const DEFAULT_NAME = "sampan";

/** The objects that a cache's manifest is written to. */
export function manifestKeys({ prefix = "", manifestsPrefix = "manifests/", names = [DEFAULT_NAME] }: S3Options): string[] {
  return names.map((name) => `${prefix}${manifestsPrefix}${name}`);
}

export function blobKey({ prefix = "", blobsPrefix = "blobs/" }: S3Options, digest: Digest): string {
  return `${prefix}${blobsPrefix}${digest}`;
}
