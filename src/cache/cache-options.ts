import type { Codec } from "../oci/media-type.ts";
import type { S3Bucket } from "../s3/s3-bucket.ts";

/** A bucket and the names in it, as --cache-to and --cache-from give them. */
export interface S3Options extends S3Bucket {
  /** In front of the names of all objects. */
  readonly prefix?: string;
  readonly blobsPrefix?: string;
  readonly manifestsPrefix?: string;
  /** Name of the cache; an export may have several. */
  readonly names?: readonly string[];
  /** Blobs that are used again are made young when they are older than this, in milliseconds (24 hours), for buckets whose objects expire. */
  readonly touchRefresh?: number;
  /** Blobs that are sent at once. */
  readonly uploadParallelism?: number;
  /** How often a request is made in all before it fails; 5. */
  readonly attempts?: number;
}

/** Where a build looks for results of other builds. */
export type CacheImport =
  | { readonly type: "registry"; readonly ref: string; readonly insecure?: boolean }
  | { readonly type: "local"; readonly src: string; readonly tag?: string; readonly digest?: string }
  | ({ readonly type: "s3" } & S3Options);

/** Where a build keeps its results for other builds. */
export type CacheExport =
  | { readonly type: "inline" }
  | (CacheExportTarget & {
      /** `min` (the default): the layers of the image; `max`: those of all steps. */
      readonly mode?: "min" | "max";
      readonly packing?: { readonly codec: Codec; readonly level?: number; readonly force?: boolean };
      /** False: an index of blobs, as builders wrote it before. */
      readonly imageManifest?: boolean;
      readonly ociMediaTypes?: boolean;
      /** Whether a cache that cannot be written is a warning only. */
      readonly ignoreError?: boolean;
    });

type CacheExportTarget =
  | { readonly type: "registry"; readonly ref: string; readonly insecure?: boolean }
  | { readonly type: "local"; readonly dest: string; readonly tag?: string }
  | ({ readonly type: "s3" } & S3Options);
