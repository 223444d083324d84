import { existsSync, readdirSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { AsyncCleanupStack } from "../../../std/cleanup-stack.ts";
import { fault } from "../../../std/fault.ts";
import { makeFolder } from "../../../std/make-folder.ts";
import { placeOf } from "../../terms/database-url.ts";
import type { BlobStorage } from "../blob-storage.ts";
import { createFolderBlobs } from "../folder/blobs.ts";
import { lockRoot } from "../folder/root-lock.ts";
import { createFolderUploads } from "../folder/uploads.ts";
import { checkBlobsPlace, LAYOUT_VERSION, readLayout, writeLayout, type Layout } from "../layout.ts";
import { waitForLock } from "../locks.ts";
import type { Metadata } from "../metadata.ts";
import { FOLDER, openRecords, type RecordsPlace } from "../open-records.ts";
import type { S3BlobStorage } from "../s3/open-s3-blobs.ts";
import { PATIENCE, type BucketPlace } from "./open-beside.ts";

/** Where a registry is to be; its folder, and what of it lies elsewhere. */
export interface RegistryPlace {
  readonly root: string;
  /** Folder of old events of the log of changes. */
  readonly archive: string;
  readonly bucket?: BucketPlace | undefined;
  readonly records?: RecordsPlace | undefined;
}

export interface MigrationTarget extends AsyncDisposable {
  readonly root: string;
  readonly blobs: BlobStorage;
  readonly metadata: Metadata;
  /** Aborted, with the fault as its reason, when others may fill it too by now; undefined where its lock cannot be lost. */
  readonly lost: AbortSignal | undefined;
  /** Makes it a registry that can be served. */
  finish(): Promise<void>;
}

const DATABASE_FILES = ["registry.db", "registry.db-wal", "registry.db-shm"];
const FOLDER_FILES = [...DATABASE_FILES, "blobs", "temporary", "lock", "collector.lock", "layout.json", "audit"];
/** Parts of a file that nobody ends belong to an attempt that was killed; the server removes them. In milliseconds. */
const UPLOAD_EXPIRY = 60 * 60_000;
const UPLOADS = 1000;

/**
 * Opens a place that is to become the registry `source`: one with nothing in it, or one that an earlier attempt with the same source has begun to fill.
 * All of it is looked at before any of it is claimed, so that one which is refused can be named again with what was wrong put right.
 * @throws SERVER_MIGRATION_TARGET, SERVER_ROOT_BUSY, SERVER_UPKEEP_BUSY, SERVER_COPY_UNFINISHED, and what {@link openRecords} and {@link openS3Blobs} throw
 */
export async function openMigrationTarget({ root, bucket, records: recordsPlace }: Omit<RegistryPlace, "archive">, source: string, report: (problem: Error) => void): Promise<MigrationTarget> {
  const refuse = (problem: string): Error => fault("SERVER_MIGRATION_TARGET", { target: root, problem });
  if (existsSync(root) && !readdirSync(root).every((name) => FOLDER_FILES.includes(name))) throw refuse("it holds something else");
  await using opened = new AsyncCleanupStack();
  const temporary = join(root, "temporary");
  let claimed = false;
  const made = makeAnew(root, temporary);
  opened.defer(async () => {
    if (!claimed && made.folder) await rmdir(root).catch(() => undefined); // somebody else has begun to use it
  });
  opened.defer(lockRoot(root));
  // Under the lock: what another one has begun meanwhile stays.
  opened.defer(async () => {
    for (const name of claimed || !made.content ? [] : [...DATABASE_FILES, "temporary"]) await rm(join(root, name), { recursive: true, force: true });
  });
  const layout = readLayout(root, { filling: "migration" });
  const s3 = bucket && (await import("../s3/open-s3-blobs.ts"));
  const place = s3?.nameOfBucket(bucket!.config);
  if (layout) checkBlobsPlace(root, layout, place);
  const { metadata, records } = await openRecords(root, layout, recordsPlace, { lease: 0, bucket: place, filling: true, report });
  opened.use(metadata);
  const lock = recordsPlace && opened.use(await takeRecords(metadata, root));
  const begun = (await metadata.filledFrom()) !== undefined;
  if (!begun && layout) throw refuse("it is a registry already");
  const problem = await metadata.fillingProblem(source, place ?? FOLDER);
  if (problem !== undefined) throw refuse(problem);
  const inBucket = s3 && opened.use(await s3.openS3Blobs(bucket!.config, { ...bucket!, records: metadata, uploadExpiry: UPLOAD_EXPIRY, uploads: UPLOADS, unclaimed: true, report }));
  const blobs = inBucket ?? folderBlobs(root, temporary, opened);
  if (!begun) {
    for await (const { digest } of blobs.list()) throw refuse(`there are blobs in it already, such as ${digest}`);
    for await (const { name } of blobs.strays?.() ?? []) throw refuse(`there are objects in its bucket already, such as ${name}`);
  }
  await claim(inBucket, () => metadata.beginFilling(source, place ?? FOLDER), refuse);
  claimed = true;
  const whole: Layout = { version: LAYOUT_VERSION, bucket: place, records };
  await writeLayout(root, { ...whole, filling: "migration" });
  const lost = new AbortController();
  const lose = (): void => lost.abort(fault("SERVER_DATABASE_LOST", { place: placeOf(recordsPlace!.config.url), problem: "the connection broke that kept others away" }));
  lock?.lost.addEventListener("abort", lose, { once: true });
  if (lock?.lost.aborted) lose();
  const lifetime = opened.move();
  return {
    root, blobs, metadata, lost: lock && lost.signal,
    async finish() {
      lost.signal.throwIfAborted();
      await writeLayout(root, whole);
      await metadata.endFilling(); // last, since records that are being filled can be gone on with
    },
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}

/** Makes the folder. @returns what was not there before */
function makeAnew(root: string, temporary: string): { readonly folder: boolean; readonly content: boolean } {
  const folder = !existsSync(root);
  const content = folder || readdirSync(root).length === 0;
  makeFolder(temporary);
  return { folder, content };
}

/** Two that fill the same records would write into a registry which one of them has finished. */
async function takeRecords(metadata: Metadata, root: string) {
  const lock = await waitForLock(metadata, "collector", PATIENCE);
  if (!lock) throw fault("SERVER_UPKEEP_BUSY", { root, pid: 0 });
  return lock;
}

/** The bucket first: of what fails afterwards it can be freed. */
async function claim(bucket: S3BlobStorage | undefined, begin: () => Promise<string | undefined>, refuse: (problem: string) => Error): Promise<void> {
  const giveUp = await bucket?.claim();
  try {
    const problem = await begin();
    if (problem !== undefined) throw refuse(problem);
  } catch (error) {
    await giveUp?.();
    throw error;
  }
}

function folderBlobs(root: string, temporary: string, opened: AsyncCleanupStack): BlobStorage {
  const files = createFolderBlobs(join(root, "blobs"), temporary);
  return { ...files, uploads: opened.use(createFolderUploads({ folder: temporary, expiry: UPLOAD_EXPIRY, limit: UPLOADS, adopt: files.adopt })) };
}
