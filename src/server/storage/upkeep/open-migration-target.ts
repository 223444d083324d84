import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fault } from "../../../std/fault.ts";
import { makeFolder } from "../../../std/make-folder.ts";
import { createFolderBlobs } from "../folder/blobs.ts";
import { lockRoot } from "../folder/root-lock.ts";
import { createFolderUploads } from "../folder/uploads.ts";
import { checkBlobsPlace, LAYOUT_VERSION, readLayout, writeLayout } from "../layout.ts";
import type { Metadata } from "../metadata.ts";
import { openRecords, type RecordsPlace } from "../open-records.ts";
import type { BlobStorage } from "../blob-storage.ts";
import type { BucketPlace } from "./open-beside.ts";

/** Where a registry is to be; its folder, and what of it lies elsewhere. */
export interface RegistryPlace {
  readonly root: string;
  readonly bucket?: BucketPlace | undefined;
  readonly records?: RecordsPlace | undefined;
}

export interface MigrationTarget extends AsyncDisposable {
  readonly root: string;
  readonly blobs: BlobStorage;
  readonly metadata: Metadata;
  /** Makes it a registry that can be served. */
  finish(): Promise<void>;
}

const FOLDER_FILES = ["blobs", "temporary", "lock", "collector.lock", "registry.db", "registry.db-wal", "registry.db-shm", "layout.json", "audit"];
/** Parts of a file that nobody ends belong to an attempt that was killed; the server removes them. In milliseconds. */
const UPLOAD_EXPIRY = 60 * 60_000;
const UPLOADS = 1000;

/**
 * Opens a place that is to become the registry `source`: one with nothing in it, or one that an earlier attempt with the same source has begun to fill.
 * @throws SERVER_MIGRATION_TARGET, SERVER_ROOT_BUSY, and what {@link openRecords} and {@link openS3Blobs} throw
 */
export async function openMigrationTarget({ root, bucket, records: recordsPlace }: RegistryPlace, source: string, report: (problem: Error) => void): Promise<MigrationTarget> {
  const refuse = (problem: string): Error => fault("SERVER_MIGRATION_TARGET", { target: root, problem });
  if (existsSync(root) && !readdirSync(root).every((name) => FOLDER_FILES.includes(name))) throw refuse("it holds something else");
  const temporary = join(root, "temporary");
  makeFolder(temporary);
  await using opened = new AsyncDisposableStack();
  opened.defer(lockRoot(root));
  const layout = readLayout(root);
  const s3 = bucket && (await import("../s3/open-s3-blobs.ts"));
  const place = s3?.nameOfBucket(bucket!.config);
  if (layout) checkBlobsPlace(root, layout, place);
  const { metadata, records } = await openRecords(root, layout, recordsPlace, { lease: 0, bucket: place, filling: true, report });
  opened.use(metadata);
  const begun = (await metadata.filledFrom()) !== undefined;
  if (!begun && layout) throw refuse("it is a registry already");
  const blobs = s3
    ? opened.use(await s3.openS3Blobs(bucket!.config, { ...bucket!, records: metadata, uploadExpiry: UPLOAD_EXPIRY, uploads: UPLOADS, report }))
    : folderBlobs(root, temporary, opened);
  if (!begun) {
    for await (const { digest } of blobs.list()) throw refuse(`there are blobs in it already, such as ${digest}`);
    for await (const { name } of blobs.strays?.() ?? []) throw refuse(`there are objects in its bucket already, such as ${name}`);
  }
  if (!(await metadata.beginFilling(source))) throw refuse(begun ? "an unfinished migration of another registry is in it" : "its records are those of a registry already");
  const lifetime = opened.move();
  return {
    root, blobs, metadata,
    async finish() {
      await writeLayout(root, { version: LAYOUT_VERSION, bucket: place, records });
      await metadata.endFilling();
    },
    [Symbol.asyncDispose]: () => lifetime.disposeAsync(),
  };
}

function folderBlobs(root: string, temporary: string, opened: AsyncDisposableStack): BlobStorage {
  const files = createFolderBlobs(join(root, "blobs"), temporary);
  return { ...files, uploads: opened.use(createFolderUploads({ folder: temporary, expiry: UPLOAD_EXPIRY, limit: UPLOADS, adopt: files.adopt })) };
}
