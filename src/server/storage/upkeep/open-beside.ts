import { join } from "node:path";
import { AsyncCleanupStack } from "../../../std/cleanup-stack.ts";
import { fault } from "../../../std/fault.ts";
import type { S3Config } from "../../config/storage-section.ts";
import type { BlobStorage } from "../blob-storage.ts";
import { createFolderBlobs } from "../folder/blobs.ts";
import { lockRoot } from "../folder/root-lock.ts";
import { checkBlobsPlace, readLayout, type Layout } from "../layout.ts";
import { waitForLock } from "../locks.ts";
import type { Metadata } from "../metadata.ts";
import { openRecords, type RecordsPlace } from "../open-records.ts";

/** How long servers may be at it, which clear up for a moment now and then, in milliseconds. */
export const PATIENCE = 15_000;

/** Who looks after a registry from the command line. */
export const keeper = { user: undefined, address: undefined, agent: "sampan registry" } as const;

export interface OpenedFolder extends AsyncDisposable {
  readonly root: string;
  readonly files: Omit<BlobStorage, "uploads">;
  /** Whether several servers may have it. */
  readonly shared: boolean;
  readonly metadata: Metadata;
}

/** Blobs that are not in the folder. */
export interface BucketPlace {
  readonly config: S3Config;
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The records alone, for a command that touches no blobs; it waits for nobody.
 * @throws SERVER_ROOT_UNUSABLE where there is no registry, or one whose records are still link files
 */
export async function openRecordsBeside(root: string, options: { lease: number; records?: RecordsPlace | undefined; report: (problem: Error) => void }): Promise<Metadata> {
  const layout = findLayout(root);
  return (await openRecords(root, layout, options.records, { ...options, bucket: layout.bucket })).metadata;
}

/**
 * Opens a registry folder beside the server that may be running on it, as the only one on this machine that removes blobs.
 * @param options `bucket`: where the blobs are, when they are not in the folder
 * @throws SERVER_ROOT_UNUSABLE where there is no registry, or one whose records are still link files, or whose blobs are elsewhere;
 *   SERVER_UPKEEP_BUSY, and what {@link openS3Blobs} throws
 */
export async function openBeside(root: string, options: { lease: number; bucket?: BucketPlace | undefined; records?: RecordsPlace | undefined; report: (problem: Error) => void }): Promise<OpenedFolder> {
  const { bucket, report } = options;
  const layout = findLayout(root);
  const s3 = bucket && (await import("../s3/open-s3-blobs.ts"));
  checkBlobsPlace(root, layout, s3?.nameOfBucket(bucket!.config));
  await using opened = new AsyncCleanupStack();
  if (!options.records) opened.defer(lockRoot(root, "collector.lock"));
  const { metadata } = await openRecords(root, layout, options.records, { ...options, bucket: layout.bucket });
  opened.use(metadata);
  if (options.records) {
    const lock = await waitForLock(metadata, "collector", PATIENCE);
    if (!lock) throw fault("SERVER_UPKEEP_BUSY", { root, pid: 0 });
    opened.use(lock);
  }
  const files = s3
    ? opened.use(await s3.openS3Blobs(bucket!.config, { ...bucket!, records: metadata, uploadExpiry: Number.MAX_SAFE_INTEGER, uploads: 0, report }))
    : createFolderBlobs(join(root, "blobs"), join(root, "temporary"));
  const lifetime = opened.move();
  return { root, files, shared: bucket !== undefined, metadata, [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose]() };
}

function findLayout(root: string): Layout {
  const layout = readLayout(root);
  if (!layout) throw fault("SERVER_ROOT_UNUSABLE", { root, problem: "there is no registry in it", hint: "name the folder that `sampan registry serve --root` was given, or a backup of it" });
  if (layout.version === 1) throw fault("SERVER_ROOT_UNUSABLE", { root, problem: "it is of an older form, which the server takes over when it starts", hint: "start `sampan registry serve` on it once" });
  return layout;
}
