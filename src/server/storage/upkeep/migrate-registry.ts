import { resolve } from "node:path";
import { fault } from "../../../std/fault.ts";
import { serverOf } from "../folder/root-lock.ts";
import type { BlobRow } from "../metadata.ts";
import { removeBlob } from "../remove-blob.ts";
import { copyArchive } from "./copy-archive.ts";
import { everyItem } from "./every-item.ts";
import { moveBlobs, type MovedBlobs } from "./move-blobs.ts";
import { moveRecords, type MovedRecords } from "./move-records.ts";
import { keeper, openBeside, type OpenedFolder } from "./open-beside.ts";
import { openMigrationTarget, type MigrationTarget, type RegistryPlace } from "./open-migration-target.ts";

export interface MigratedRegistry {
  readonly copied: number;
  readonly bytes: number;
  /** Blobs that an earlier attempt has copied. */
  readonly present: number;
  /** Rows of each table; undefined where only blobs were wanted. */
  readonly records: MovedRecords | undefined;
}

export interface MigrateOptions {
  /** Copies blobs and leaves the rest to a second call, which has little left to copy then. */
  readonly blobsOnly: boolean;
  /** A server may run on the source: what is pushed from the moment of the records on is not in the target. */
  readonly online: boolean;
  /** Copies files even on one file system. */
  readonly copy: boolean;
  readonly signal?: AbortSignal;
  readonly onBlob: (size: number, all: { readonly blobs: number; readonly bytes: number }) => void;
  readonly report: (problem: Error) => void;
}

/**
 * Copies a registry from where it is to another place, each of which has its records in SQLite or PostgreSQL and its blobs in a folder or a
 * bucket. The source stays as it is. Blobs come first; then the records as they are at one moment, with the blobs that came meanwhile. Every blob is
 * compared with its digest on its way, records are read back and compared. Until all of that is done the target cannot be served; a call that was
 * interrupted is repeated, and copies only what is missing.
 * @throws SERVER_MIGRATION_TARGET, SERVER_MIGRATION_SERVED, SERVER_MIGRATION_DAMAGED, SERVER_MIGRATION_DIFFERS, and what opening both throws
 */
export async function migrateRegistry(from: RegistryPlace, to: RegistryPlace, options: MigrateOptions): Promise<MigratedRegistry> {
  const { report } = options;
  if (resolve(from.root) === resolve(to.root)) throw fault("SERVER_MIGRATION_TARGET", { target: to.root, problem: "it is the folder itself" });
  await using source = await openBeside(from.root, { ...from, lease: 0, report });
  await using target = await openMigrationTarget(to, await source.metadata.registryId(), report);
  const signal = target.lost && options.signal ? AbortSignal.any([target.lost, options.signal]) : (target.lost ?? options.signal);
  const totals = await source.metadata.totals();
  const moving = { copy: options.copy, signal, onBlob: (size: number) => options.onBlob(size, totals) };
  const first = await moveBlobs(source, target, everyBlob(source), moving);
  await dealWithDamage(source, undefined, first);
  const sum = { copied: first.copied, bytes: first.bytes, present: first.present };
  if (options.blobsOnly) return { ...sum, records: undefined };
  const refuseServed = (): void => {
    if (!options.online && serverOf(from.root) === "runs") throw fault("SERVER_MIGRATION_SERVED", { root: from.root });
  };
  refuseServed();
  const records = await moveRecords(source.metadata, target.metadata, { signal });
  // What was pushed since the first look; all others are there, and are looked for once more.
  const rest = await moveBlobs(source, target, everyBlob(target), { ...moving, onBlob: () => undefined });
  signal?.throwIfAborted();
  await dealWithDamage(source, target, rest);
  await removeLeftovers(target, signal);
  await copyArchive(from.archive, to.archive);
  refuseServed(); // one that has started meanwhile may have taken what is not in the copy
  await target.finish();
  return { ...sum, copied: sum.copied + rest.copied, bytes: sum.bytes + rest.bytes, records };
}

function everyBlob({ metadata }: Pick<OpenedFolder, "metadata">): AsyncIterable<BlobRow> {
  return everyItem((range) => metadata.blobs(range), (blob) => blob.digest);
}

/** A blob that a client has deleted meanwhile is none of the target's; of others that cannot be copied, nothing is made whole. */
async function dealWithDamage(source: OpenedFolder, target: MigrationTarget | undefined, { damaged }: MovedBlobs): Promise<void> {
  const real: MovedBlobs["damaged"] = [];
  for (const each of damaged) {
    if ((await source.metadata.blobState(each.digest)) === "live") real.push(each);
    else if (target) {
      await target.metadata.loseBlob(each.digest, keeper);
      await removeBlob(target, each.digest);
    }
  }
  if (real.length > 0) throw fault("SERVER_MIGRATION_DAMAGED", { root: source.root, blobs: real });
}

/** Blobs that were copied and deleted in the source before the records moved. */
async function removeLeftovers(target: MigrationTarget, signal: AbortSignal | undefined): Promise<void> {
  for await (const { digest } of target.blobs.list()) {
    signal?.throwIfAborted();
    if ((await target.metadata.blobState(digest)) === "unknown" && (await target.metadata.claimLeftover(digest))) await removeBlob(target, digest);
  }
}
