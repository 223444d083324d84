import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fault, isFault } from "../std/fault.ts";
import { makeFolder } from "../std/make-folder.ts";
import { endsAfterWork } from "../std/process-end.ts";
import { checkAfterBoot } from "./after-boot.ts";
import { BlobPlaces } from "./blob-places.ts";
import { BlobStore, SETTLED_AFTER } from "./blob-store.ts";
import { BuildRecords } from "./build-records.ts";
import { CacheMounts } from "./cache-mounts.ts";
import { CacheRecords } from "./cache-records.ts";
import { Claims } from "./claims.ts";
import { collect, type CollectOptions } from "./collect.ts";
import { ContainerStore } from "./container-store.ts";
import { Database } from "./database.ts";
import type { DiskUsage } from "./disk-usage.ts";
import { FileDigests } from "./file-digests.ts";
import { SeenSelections } from "./seen-selections.ts";
import { isDiskShort } from "./free-first.ts";
import { ImageMounts } from "./image-mounts.ts";
import { ImageStore } from "./image-store.ts";
import { LayerBlobs } from "./layer-blobs.ts";
import { Lease } from "./lease.ts";
import type { CheckOptions, Checked } from "./check/check-store.ts";
import { refuseLostRecords, refuseNewDatabase } from "./lost-records.ts";
import { ownIdentity } from "./process-identity.ts";
import { dropOldPartials, PartialBlobs } from "./partial-blobs.ts";
import { recoverContainers } from "./recover-containers.ts";
import { recover } from "./recover.ts";
import { finishRemoval, type RemovalPlace, type Removed } from "./removal.ts";
import { removeTree } from "./remove-tree.ts";
import { keepReserve } from "./reserve.ts";
import { migrate } from "./schema.ts";
import { SnapshotStore } from "./snapshot-store.ts";
import { guarded, unlessFull } from "./storage-fault.ts";
import { strayBlobs } from "./stray-blobs.ts";
import type { ImagePlace } from "./stray-images.ts";
import type { SettleOptions } from "./unsettled-blobs.ts";
import { UploadJournal } from "./upload-journal.ts";
import { usage, type StoreUsage } from "./usage.ts";

const DATABASE = "sampan.db";

/**
 * What this machine keeps: blobs, images, layer folders and cache records. Any number of processes may have the
 * same store open. Whatever this one writes or finds is held until it closes the store, so that no other collects it.
 */
export interface Store extends AsyncDisposable {
  /** Absolute path. */
  readonly root: string;
  readonly blobs: BlobStore;
  readonly layers: LayerBlobs;
  readonly places: BlobPlaces;
  readonly uploads: UploadJournal;
  /** What interrupted pulls left, to be gone on with. */
  readonly partials: Pick<PartialBlobs, "bytes" | "drop">;
  readonly images: ImageStore;
  readonly snapshots: SnapshotStore;
  readonly containers: ContainerStore;
  readonly cache: CacheRecords;
  readonly claims: Claims;
  readonly fileDigests: FileDigests;
  readonly seenSelections: SeenSelections;
  readonly mounts: ImageMounts;
  readonly builds: BuildRecords;
  readonly cacheMounts: CacheMounts;
  /** A folder of this process for unfinished files, on the store's file system; emptied when the store is closed. */
  readonly temporary: string;
  usage(): StoreUsage;
  /** Where the room goes that the store takes. */
  diskUsage(): Promise<DiskUsage>;
  /** Removes what no image, no cache record and no living process needs. */
  collect(options?: CollectOptions): Promise<Omit<Removed, "trash">>;
  /** Removes the least recently used of what is not in use and has no name, until the store is no larger than that. */
  keepWithin(maxBytes: number): Promise<Omit<Removed, "trash"> | undefined>;
  /** Compares what the database says with what is on the disk, and repairs it if asked to. */
  check(options: CheckOptions): Promise<Checked>;
  /** Ends the lease and removes what this process left unfinished. */
  close(): Promise<void>;
}

export interface OpenOptions extends SettleOptions {
  /** Told of images that were found again of which the database did not know, for people. */
  readonly onFound?: ((what: string) => void) | undefined;
  /** Makes a new database, in a file beside the store's own, of what lies in the store, where that is lost; without it such a store is refused. */
  readonly rebuild?: { readonly database: string; readonly fill: (place: ImagePlace) => Promise<void> } | undefined;
}

/**
 * Opens the store, which is made where there is none; what dead processes left unfinished is removed.
 * @param options what is said of, and stops, the reading of blobs that came shortly before the machine went down
 * @throws READ_ONLY, DISK_FULL, STORE_CORRUPT, STORE_BUSY, STORE_NEWER, STORE_RECORDS_LOST, and the signal's reason
 */
export async function openStore(folder: string, options: OpenOptions = {}): Promise<Store> {
  const root = resolve(folder);
  const databasePath = options.rebuild?.database ?? join(root, DATABASE);
  const temporary = join(root, "tmp");
  const snapshotFolder = join(root, "snapshots");
  const blobFolder = join(root, "blobs");
  const containerFolder = join(root, "containers");
  const partialFolder = join(root, "partial");
  const cacheMountFolder = join(root, "cache-mounts");
  guarded(root, () => makeFolders(root, [temporary, snapshotFolder, blobFolder]));
  if (!options.rebuild) guarded(root, () => refuseLostRecords(root, databasePath));
  const restoreReserve = keepReserve(root, partialFolder);
  const database = new Database(databasePath);
  try {
    migrate(database, options.rebuild ? {} : { onNew: () => refuseNewDatabase(root) });
    const lease = new Lease(database, temporary);
    const partials = new PartialBlobs(lease, partialFolder);
    const blobs = new BlobStore(database, lease, partials, blobFolder);
    const place: RemovalPlace = { database, lease, blobs, snapshots: snapshotFolder, containers: containerFolder, cacheMounts: cacheMountFolder };
    const background = new Set<Promise<void>>();
    const remove = (paths: readonly string[]): Promise<void> => {
      const work = Promise.all(paths.map(removeTree)).then(() => {});
      background.add(work);
      return work.finally(() => background.delete(work));
    };
    const layers = new LayerBlobs(database, lease);
    const images = new ImageStore(database, lease, blobs, layers);
    await options.rebuild?.fill({ ...place, images, layers });
    if (hasToSettle(database)) await (await import("./unsettled-blobs.ts")).settleBlobs(place, options);
    const leftovers = guarded(root, () => [() => recover(place, { temporary, partial: partialFolder }), () => recoverContainers(place), () => checkAfterBoot(place)]
      .flatMap((work) => unlessFull(work) ?? []));
    // What cannot be deleted now is tried again by the next process.
    if (leftovers.length > 0) remove(leftovers).catch(() => {});
    const fileDigests = new FileDigests(database);
    const seenSelections = new SeenSelections(database);
    const cache = new CacheRecords(database, lease);
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => closing ??= closeStore(place, { learned: [fileDigests, seenSelections, cache], background, last: options.rebuild !== undefined }).finally(restoreReserve);
    const mounts = new ImageMounts(database);
    const collectNow: Store["collect"] = async (collectOptions) => {
      mounts.forgetUnmounted();
      if (strayBlobs(place).length > 0) await (await import("./take-up-strays.ts")).takeUpAllStrays({ ...place, images, layers }, options);
      // What is chosen is chosen by its size, and told in bytes.
      if (collectOptions?.evict && !isDiskShort(place)) await (await import("./measure.ts")).measure(place);
      const { trash, ...removed } = guarded(root, () => collect(place, collectOptions));
      dropOldPartials(partialFolder);
      await remove(trash);
      return removed;
    };
    return {
      root,
      blobs,
      layers,
      places: new BlobPlaces(database),
      uploads: new UploadJournal(database, lease),
      partials,
      images,
      snapshots: new SnapshotStore(database, lease, snapshotFolder, (path) => remove([path])),
      containers: new ContainerStore(database, lease, containerFolder, { remove: (path) => remove([path]), recover: () => recoverContainers(place) }),
      cache,
      claims: new Claims(database, lease),
      fileDigests,
      seenSelections,
      mounts,
      builds: new BuildRecords(database),
      cacheMounts: new CacheMounts(database, lease, cacheMountFolder),
      get temporary() {
        return lease.folder;
      },
      usage: () => usage(database),
      diskUsage: async () => {
        const [{ diskUsage }, { measure }] = await Promise.all([import("./disk-usage.ts"), import("./measure.ts")]);
        await measure(place);
        return diskUsage(database);
      },
      collect: collectNow,
      keepWithin: async (maxBytes) => {
        const { planWithin } = await import("./keep-within.ts");
        // What was not even received goes before what was.
        if (await planWithin(place, maxBytes - partials.bytes())) partials.drop();
        const evict = await planWithin(place, maxBytes);
        return evict && collectNow({ evict });
      },
      check: async (checkOptions) => {
        const { checkStore } = await import("./check/check-store.ts");
        const { checked, trash } = await checkStore({ ...place, images, layers }, checkOptions);
        await remove(trash);
        return checked;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    database.close();
    restoreReserve();
    throw error;
  }
}

/** Those of a pull a moment ago wait for a later process, which spares this one the loading of what looks at them. */
function hasToSettle(database: Database): boolean {
  if (!database.get("SELECT 1 FROM blob WHERE unsettled IS NOT NULL LIMIT 1")) return false;
  const before = Date.now() - SETTLED_AFTER;
  return database.get("SELECT 1 FROM blob WHERE unsettled IS NOT NULL AND (unsettled <> ? OR created_at < ?) LIMIT 1", ownIdentity().boot, before) !== undefined;
}

function makeFolders(root: string, folders: readonly string[]): void {
  const layout = join(root, "oci-layout");
  if (existsSync(layout)) return;
  makeRoot(root);
  for (const folder of folders) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const algorithm of ["sha256", "sha512"]) mkdirSync(join(root, "blobs", algorithm), { recursive: true, mode: 0o700 });
  // Environments and build arguments are in it, and the folder may have been there before, open to others. SQLite's other files get its mode.
  closeSync(openSync(join(root, DATABASE), "a", 0o600));
  writeFileSync(layout, `{"imageLayoutVersion":"1.0.0"}`);
}

function makeRoot(root: string): void {
  try {
    makeFolder(root, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw ["ENOENT", "ENOTDIR", "EEXIST"].includes(code!) ? fault("READ_ONLY", { path: root }, { cause: error }) : error;
  }
}

/** @param options.last whether nobody goes on with the database by this name */
async function closeStore(
  place: RemovalPlace, { learned, background, last }: { readonly learned: readonly { flush(): void }[]; readonly background: ReadonlySet<Promise<void>>; readonly last: boolean },
): Promise<void> {
  const { database, lease } = place;
  try {
    await Promise.allSettled(background);
    for (const kept of learned) kept.flush();
    if (!lease.unused) {
      database.run("UPDATE snapshot SET state = 2 WHERE owner = ? AND state = 0", lease.id);
      database.run("UPDATE cache_mount SET state = 2 WHERE owner = ? AND state = 0", lease.id);
      finishRemoval(place);
      if (lease.hasFolder) await removeTree(lease.folder);
      lease.release();
    }
  } catch (error) {
    // The next process does for this lease what is left to do; the work itself is not lost by it.
    if (!isFault(error, "DISK_FULL") && !isFault(error, "STORE_BUSY")) throw error;
  } finally {
    if (endsAfterWork() && !last) database.leave();
    else database.close();
  }
}
