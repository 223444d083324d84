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

/** The address of an object; of the bucket's host, unless that is no name. */
export function objectUrl({ bucket, region, endpointUrl, usePathStyle }: S3Options, key: string): URL {
  const url = new URL(endpointUrl ?? `https://s3.${region}.amazonaws.com`);
  const base = url.pathname.replace(/\/+$/, "");
  const path = key.split("/").map(encodeURIComponent).join("/");
  const inPath = usePathStyle ?? /^(?:\d+\.\d+\.\d+\.\d+|\[.*\]|localhost)$/.test(url.hostname);
  if (inPath) url.pathname = `${base}/${encodeURIComponent(bucket)}/${path}`;
  else {
    url.hostname = `${bucket}.${url.hostname}`;
    url.pathname = `${base}/${path}`;
  }
  return url;
}
