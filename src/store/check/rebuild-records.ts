import { closeSync, constants, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { haveLibc } from "../../linux/libc.ts";
import { counted } from "../../std/counted.ts";
import { fault, isFault } from "../../std/fault.ts";
import { refuseLostRecords } from "../lost-records.ts";
import { openStore } from "../open-store.ts";
import { salvagePartials } from "../partial-blobs.ts";
import { strayContainers } from "../recover-containers.ts";
import { strayBlobs } from "../stray-blobs.ts";
import type { ImagePlace } from "../stray-images.ts";
import { foundText, takeUpAllStrays } from "../take-up-strays.ts";
import { strayCacheMounts } from "./check-cache-mounts.ts";
import { straySnapshots } from "./check-snapshots.ts";
import { copyReadableRows } from "./copy-readable-rows.ts";

export interface RebuildOptions {
  /** The database is there and damaged: it is put aside, and what can be read of it goes into the new one. */
  readonly damaged: boolean;
  /** Told what was done and what is lost, a line each. */
  readonly onDone: (what: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the database of a store again that was lost or damaged: of what can be read of it, and of the manifests and configs among the blobs. What
 * then still belongs to nothing is not deleted but moved into a folder `lost/<time>` of the store, for a person to look through. The new
 * database gets its name when it is whole: until then, and where this is interrupted, the store is refused as before, and the next call begins anew.
 * @throws STORE_BUSY while another process does this, and what openStore throws
 */
export async function rebuildRecords(root: string, options: RebuildOptions): Promise<void> {
  const folder = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (haveLibc()) {
      const { tryLock } = await import("../../linux/lock-file.ts");
      if (!tryLock(folder)) throw fault("STORE_BUSY", { path: join(root, "sampan.db") });
    }
    await rebuildAlone(root, options);
  } finally {
    closeSync(folder);
  }
}

async function rebuildAlone(root: string, { damaged, onDone, signal }: RebuildOptions): Promise<void> {
  const stamp = new Date().toISOString().replace(/\.\d+Z$/, "").replaceAll(":", "-");
  const database = join(root, "sampan.db");
  // Another process may have done it meanwhile.
  if (!damaged && !isLost(root, database)) return;
  const made = `${database}.new`;
  for (const end of FILES) rmSync(made + end, { force: true });
  const aside = putAside(database, { damaged, stamp });
  // Environments and build arguments come into it.
  if (existsSync(database) && aside === undefined) copyFileSync(database, made);
  else closeSync(openSync(made, "a", 0o600));
  // Numbers of leases begin anew, and these are the unfinished files of old ones.
  for (const name of readdirSync(join(root, "tmp"))) {
    salvagePartials(join(root, "tmp", name), join(root, "partial"));
    rmSync(join(root, "tmp", name), { recursive: true, force: true });
  }
  const fill = async (place: ImagePlace): Promise<void> => {
    if (aside !== undefined) onDone(`${counted(copyReadableRows(aside, place.database), "record")} of the old database could be read`);
    const plan = await takeUpAllStrays(place, { signal });
    onDone(plan.blobs.size > 0 ? foundText(plan) : "no further image was found among the blobs");
    moveRest(place, { lost: join(root, "lost", stamp), onDone });
  };
  await (await openStore(root, { rebuild: { database: made, fill }, ...(signal ? { signal } : {}) })).close();
  renameSync(made, database);
  rmSync(`${database}-shm`, { force: true });
  if (aside === undefined) return;
  const kept = `${database}.${damaged ? "damaged" : "lost"}-${stamp}`;
  renameAll(aside, kept);
  onDone(`what there was of the old database is now ${kept}`);
}

/** What SQLite's files end with: the log, and the memory that processes share. */
const FILES = ["", "-wal", "-shm"] as const;

function isLost(root: string, database: string): boolean {
  try {
    refuseLostRecords(root, database);
    return false;
  } catch (error) {
    if (!isFault(error, "STORE_RECORDS_LOST")) throw error;
    return true;
  }
}

/**
 * Moves a damaged database out of the way, and of one that is gone its log: that has all that was noted since SQLite last copied it into the
 * database, in a young store everything. What an interrupted call has moved is found again.
 * @returns what can be read of it, nothing where the database is well
 */
function putAside(database: string, { damaged, stamp }: { damaged: boolean; stamp: string }): string | undefined {
  const aside = `${database}.aside`;
  const { size = 0 } = statSync(database, { throwIfNoEntry: false }) ?? {};
  if (size > 0 && !damaged) return undefined;
  const hasLog = existsSync(`${database}-wal`);
  // Since an interrupted call there was another database.
  if (existsSync(aside) && (size > 0 || hasLog && existsSync(`${aside}-wal`))) renameAll(aside, `${database}.earlier-${stamp}`);
  if (size > 0) renameSync(database, aside);
  else if (!existsSync(aside)) {
    if (!hasLog) return undefined;
    // SQLite reads a log only where there is a database before it, of any content.
    writeFileSync(aside, Buffer.alloc(EMPTY_PAGE), { mode: 0o600 });
  }
  if (hasLog) renameSync(`${database}-wal`, `${aside}-wal`);
  rmSync(`${database}-shm`, { force: true });
  return aside;
}

function renameAll(from: string, to: string): void {
  for (const end of FILES) if (existsSync(from + end)) renameSync(from + end, to + end);
}

/** Bytes of SQLite's pages, by default. */
const EMPTY_PAGE = 4096;

function moveRest(place: ImagePlace, { lost, onDone }: { lost: string; onDone: RebuildOptions["onDone"] }): void {
  const kinds = [
    ["blob", "blobs", () => strayBlobs(place).map(({ path }) => path), "layers and documents of no whole image"],
    ["layer folder", "snapshots", () => straySnapshots(place), "the unpacked files of layers, and of images that were built here and never packed"],
    ["container folder", "containers", () => strayContainers(place).map(({ path }) => path), "what containers wrote, and their logs"],
    ["cache folder", "cache-mounts", () => strayCacheMounts(place), "what RUN --mount=type=cache kept"],
  ] as const;
  place.database.transaction(() => {
    for (const [what, folder, find, meaning] of kinds) {
      const paths = find();
      if (paths.length === 0) continue;
      const target = join(lost, folder);
      mkdirSync(target, { recursive: true, mode: 0o700 });
      for (const path of paths) renameSync(path, join(target, folder === "blobs" ? `${basename(dirname(path))}-${basename(path)}` : basename(path)));
      onDone(`${counted(paths.length, what)} of which nothing is known any more ${paths.length === 1 ? "is" : "are"} now in ${target} (${meaning}): delete what you do not need`);
    }
  });
}
