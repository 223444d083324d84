/** A bucket of an S3 service. */
export interface S3Bucket {
  readonly bucket: string;
  readonly region: string;
  /** Of a service that is not AWS. */
  readonly endpointUrl?: string;
  /** `host/bucket/name` instead of `bucket.host/name`. */
  readonly usePathStyle?: boolean;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Shared credentials file in the place of the user's own. */
  readonly credentialsFile?: string;
}

/** The address of an object, or of the bucket itself for an empty key; of the bucket's host, unless that is no name. */
export function objectUrl({ bucket, region, endpointUrl, usePathStyle }: S3Bucket, key: string): URL {
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
