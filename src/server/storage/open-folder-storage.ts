import { readdirSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { AsyncCleanupStack } from "../../std/cleanup-stack.ts";
import { fault, isFault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";
import { openCarriers } from "./carrier/carriers.ts";
import { createFolderBlobs } from "./folder/blobs.ts";
import { lockRoot } from "./folder/root-lock.ts";
import { createFolderUploads } from "./folder/uploads.ts";
import { checkBlobsPlace, LAYOUT_VERSION, readLayout, writeLayout } from "./layout.ts";
import { openRecords, type RecordsPlace } from "./open-records.ts";
import { removeBlob } from "./remove-blob.ts";
import { joinStorage, type RegistryStorage } from "./storage.ts";
import { takeOverLinks } from "./takeover/take-over-links.ts";

/**
 * Opens a registry folder for its one server, creating it when it is missing: `blobs/` (bytes by digest), `registry.db` (everything
 * that is known of them, unless `records` names a database) and `temporary/` (uploads; emptied here, since nothing in it was acknowledged).
 * @throws SERVER_ROOT_UNUSABLE, SERVER_ROOT_BUSY, and what {@link openRecords} throws
 */
export async function openFolderStorage(
  root: string,
  options: { uploadExpiry: number; uploads: number; blobLease: number; records?: RecordsPlace | undefined; report: (problem: Error) => void },
): Promise<RegistryStorage & AsyncDisposable> {
  const temporary = join(root, "temporary");
  await using opened = new AsyncCleanupStack();
  try {
    opened.defer(await prepareFolder(root, options));
    const layout = readLayout(root);
    const { metadata, records } = await openRecords(root, layout, options.records, { lease: options.blobLease, bucket: undefined, report: options.report });
    opened.use(metadata);
    if (!layout) await writeLayout(root, { version: LAYOUT_VERSION, bucket: undefined, records });
    const carriers = openCarriers();
    if (carriers) opened.use(carriers);
    const files = createFolderBlobs(join(root, "blobs"), temporary, carriers);
    const uploads = opened.use(createFolderUploads({ folder: temporary, expiry: options.uploadExpiry, limit: options.uploads, adopt: files.adopt, carriers }));
    const storage = joinStorage({ ...files, uploads }, metadata);
    for (const digest of await metadata.abandonedBlobs(Number.MAX_SAFE_INTEGER)) await removeBlob(storage, digest);
    const lifetime = opened.move();
    return { ...storage, [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose]() };
  } catch (cause) {
    throw unusable(root, cause);
  }
}

/**
 * Makes an empty registry in a folder that has none yet, and takes one of an older form over.
 * @throws SERVER_ROOT_UNUSABLE, SERVER_ROOT_BUSY when that is needed and a server runs
 */
export async function makeRegistryFolder(root: string, options: { records: RecordsPlace | undefined; report: (problem: Error) => void }): Promise<void> {
  try {
    const layout = readLayout(root);
    if (layout) checkBlobsPlace(root, layout, undefined);
    if (layout?.version === LAYOUT_VERSION) return;
  } catch (cause) {
    throw unusable(root, cause);
  }
  await using _storage = await openFolderStorage(root, { ...options, uploadExpiry: 0, uploads: 0, blobLease: 0 });
}

/** Claims the folder and brings it to this version's form. @returns how to give the claim up */
async function prepareFolder(root: string, { records, report }: { records?: RecordsPlace | undefined; report: (problem: Error) => void }): Promise<() => void> {
  const temporary = join(root, "temporary");
  for (const folder of ["blobs", "temporary"]) makeFolder(join(root, folder));
  const unlock = lockRoot(root);
  try {
    const layout = readLayout(root);
    if (layout) checkBlobsPlace(root, layout, undefined);
    const version = layout?.version;
    for (const leftover of readdirSync(temporary)) rmSync(join(temporary, leftover), { force: true, recursive: true });
    if (version === 1) {
      if (records) throw fault("SERVER_ROOT_UNUSABLE", { root, problem: "it is of an older form, whose records cannot become those of a database" });
      const repositories = join(root, "repositories");
      await takeOverLinks({ repositories, database: join(root, "registry.db"), temporary, blobs: createFolderBlobs(join(root, "blobs"), temporary), report });
      await rm(repositories, { recursive: true, force: true });
    }
    if (version === 1) await writeLayout(root, { version: LAYOUT_VERSION, bucket: undefined, records: undefined });
    return unlock;
  } catch (error) {
    unlock();
    throw error;
  }
}

function unusable(root: string, cause: unknown): unknown {
  if (isFault(cause) && cause.code.startsWith("SERVER_")) return cause;
  return fault("SERVER_ROOT_UNUSABLE", { root, problem: (cause as Error).message }, { cause });
}
