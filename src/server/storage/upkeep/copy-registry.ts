import { existsSync, readdirSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { digestAlgorithm, digestHex, type Digest } from "../../../oci/digest.ts";
import { fault, isFault } from "../../../std/fault.ts";
import { makeFolder } from "../../../std/make-folder.ts";
import { Database } from "../../../store/database.ts";
import { syncFolder } from "../folder/durable-file.ts";
import { placeFile } from "../folder/place-file.ts";
import { lockRoot } from "../folder/root-lock.ts";
import { LAYOUT_VERSION, readLayout, writeLayout } from "../layout.ts";
import { openSqliteMetadata } from "../sqlite/open-sqlite-metadata.ts";
import { copyArchive } from "./copy-archive.ts";
import { everyItem } from "./every-item.ts";
import { keeper, openBeside } from "./open-beside.ts";

export interface CopiedRegistry {
  readonly blobs: number;
  readonly bytes: number;
  /** Blobs that were not in the target before. */
  readonly placed: number;
}

/** These records have no bytes yet. */
const nothing = (): void => undefined;

/**
 * Copies a registry folder, beside the server that may be running on it, into another folder that is then a registry as well: its
 * records as they are at one moment, the blobs that they name, and the archive of the log of changes. What an earlier copy has placed there is not
 * copied again. Until it is whole, the target stays what it was: the registry of before, or a folder that nobody serves.
 * @throws SERVER_ROOT_UNUSABLE, SERVER_ROOT_BUSY, SERVER_COPY_TARGET, SERVER_COPY_UNFINISHED, SERVER_MIGRATION_UNFINISHED, SERVER_BACKUP_ELSEWHERE
 */
export async function copyRegistry(from: string, to: string, options: { copy: boolean; replace: boolean; signal?: AbortSignal; report: (problem: Error) => void }): Promise<CopiedRegistry> {
  if (resolve(from) === resolve(to)) throw fault("SERVER_COPY_TARGET", { target: to, problem: "it is the folder itself" });
  if (isWithin(from, to) || isWithin(to, from)) throw fault("SERVER_COPY_TARGET", { target: to, problem: `it and ${from} are within one another` });
  const { bucket, records } = readLayout(from) ?? {};
  if (bucket !== undefined || records !== undefined) throw fault("SERVER_BACKUP_ELSEWHERE", { root: from, bucket, database: records !== undefined });
  await using source = await openBeside(from, { lease: 0, report: options.report });
  const before = checkTarget(to, options.replace);
  const temporary = join(to, "temporary");
  for (const folder of [temporary, join(to, "blobs/sha256"), join(to, "blobs/sha512")]) makeFolder(folder);
  using _target = claim(to);
  if (!before) await writeLayout(to, { ...LAYOUT, filling: "copy" });
  const draft = join(temporary, "copy.db");
  await removeDatabase(draft);
  await backupDatabase(join(from, "registry.db"), draft);
  const count = { blobs: 0, bytes: 0, placed: 0 };
  {
    await using metadata = await openSqliteMetadata(draft, { lease: 0, report: options.report });
    for await (const { digest, size, state } of everyItem((range) => metadata.blobs(range), (blob) => blob.digest)) {
      options.signal?.throwIfAborted();
      if (state === "deleting") {
        await metadata.forgetBlob(digest, nothing);
        continue;
      }
      try {
        if (await placeFile(pathOf(from, digest), pathOf(to, digest), { copy: options.copy, temporary })) count.placed += 1;
        count.blobs += 1;
        count.bytes += size;
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
        // Deleted by a client after the moment of the records, or lost before: the copy must not claim to have it.
        if ((await source.metadata.blobState(digest)) === "live") options.report(new Error(`the blob ${digest} has lost its bytes; the copy goes without it`, { cause }));
        await metadata.loseBlob(digest, keeper);
        await metadata.forgetBlob(digest, nothing);
      }
    }
  }
  for (const algorithm of ["sha256", "sha512"]) await syncFolder(join(to, "blobs", algorithm));
  await copyArchive(join(from, "audit"), join(to, "audit"));
  await syncFile(draft);
  await settleDatabase(join(to, "registry.db"));
  await rename(draft, join(to, "registry.db"));
  await syncFolder(to);
  await writeLayout(to, LAYOUT);
  await syncFolder(dirname(resolve(to)));
  return count;
}

const LAYOUT = { version: LAYOUT_VERSION, bucket: undefined, records: undefined } as const;

/** @returns whether there is a registry, which stays until the copy is whole */
function checkTarget(to: string, replace: boolean): boolean {
  const refuse = (problem: string): Error => fault("SERVER_COPY_TARGET", { target: to, problem });
  const entries = existsSync(to) ? readdirSync(to) : [];
  const layout = readLayout(to, { filling: "copy" });
  if (!layout && !entries.every((name) => ["blobs", "temporary", "lock", "collector.lock"].includes(name))) throw refuse("it holds something else");
  if (layout?.bucket !== undefined || layout?.records !== undefined) throw refuse("it belongs to a registry that is not all in its folder");
  if (!layout || layout.filling !== undefined) return false;
  if (!replace) throw refuse("it holds a registry already");
  return true;
}

/** Nobody may serve the target meanwhile. */
function claim(to: string): Disposable {
  const unlock = lockRoot(to);
  return { [Symbol.dispose]: unlock };
}

async function backupDatabase(from: string, to: string): Promise<void> {
  const database = new Database(from);
  try {
    await database.backup(to);
  } finally {
    database.close();
  }
}

/** Takes what its log holds into the database, which would be lost with it: whatever happens before it is replaced, it is what it was. */
async function settleDatabase(path: string): Promise<void> {
  if (existsSync(path)) {
    try {
      const database = new Database(path);
      const { busy } = database.get<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)")!;
      database.close();
      if (busy !== 0) throw fault("STORE_BUSY", { path });
    } catch (error) {
      if (!isFault(error, "STORE_CORRUPT")) throw error; // the reason, perhaps, why it is replaced
    }
  }
  for (const suffix of ["-wal", "-shm"]) await rm(`${path}${suffix}`, { force: true });
}

async function removeDatabase(path: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) await rm(`${path}${suffix}`, { force: true });
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync();
  await handle.close();
}

function pathOf(root: string, digest: Digest): string {
  return join(root, "blobs", digestAlgorithm(digest), digestHex(digest));
}

function isWithin(inner: string, outer: string): boolean {
  return resolve(inner).startsWith(`${resolve(outer).replace(/\/$/, "")}${sep}`);
}
