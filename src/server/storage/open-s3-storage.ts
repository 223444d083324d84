import { join } from "node:path";
import { AsyncCleanupStack } from "../../std/cleanup-stack.ts";
import { fault, isFault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";
import type { S3Config } from "../config/storage-section.ts";
import { checkBlobsPlace, LAYOUT_VERSION, readLayout, writeLayout } from "./layout.ts";
import { openRecords, type RecordsPlace } from "./open-records.ts";
import { removeBlob } from "./remove-blob.ts";
import { checkS3Place, nameOfBucket, openS3Blobs } from "./s3/open-s3-blobs.ts";
import { joinStorage, type RegistryStorage } from "./storage.ts";

/**
 * Opens a registry whose blobs are in a bucket and whose records are in `registry.db` of the folder, which is created when it is missing, or in the
 * database that `records` names. Several servers may do so at the same time, with the same folder, or with the same database and folders of
 * their own: what they have to know of each other is in the records.
 * @throws SERVER_ROOT_UNUSABLE, S3_BUCKET_UNUSABLE, S3_UNREACHABLE, S3_REFUSED, S3_LOGIN_MISSING, SERVER_CONFIG_UNREADABLE
 */
export async function openS3Storage(
  root: string,
  config: S3Config,
  options: { configFile: string; environment: Readonly<Record<string, string | undefined>>; uploadExpiry: number; uploads: number; blobLease: number; records?: RecordsPlace | undefined; report: (problem: Error) => void },
): Promise<RegistryStorage & AsyncDisposable> {
  const bucket = nameOfBucket(config);
  await using opened = new AsyncCleanupStack();
  try {
    makeFolder(join(root, "temporary"));
    const layout = readLayout(root);
    if (layout) checkBlobsPlace(root, layout, bucket);
    const { metadata, records } = await openRecords(root, layout, options.records, { lease: options.blobLease, bucket, checkPlace: (registry) => checkS3Place(config, registry, options), report: options.report });
    opened.use(metadata);
    const blobs = opened.use(await openS3Blobs(config, { ...options, records: metadata }));
    if (!layout) await writeLayout(root, { version: LAYOUT_VERSION, bucket, records });
    const storage = joinStorage(blobs, metadata, { shared: true });
    for (const digest of await metadata.abandonedBlobs(Number.MAX_SAFE_INTEGER)) await removeBlob(storage, digest);
    const lifetime = opened.move();
    return { ...storage, [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose]() };
  } catch (cause) {
    if (isFault(cause)) throw cause;
    throw fault("SERVER_ROOT_UNUSABLE", { root, problem: (cause as Error).message }, { cause });
  }
}
