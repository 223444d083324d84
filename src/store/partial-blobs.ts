import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import type { Lease } from "./lease.ts";

/** Bytes: less is fetched again sooner than it is looked after. */
const WORTH_KEEPING = 1024 * 1024;
/** What is kept at most: so many files, none older than this many milliseconds. */
const MOST_FILES = 16;
const EXPIRY = 3 * 24 * 60 * 60 * 1000;

/** Files in the folder of a lease whose content is worth something if the process dies. */
const CLAIMED = /^partial-((?:sha256|sha512)-[0-9a-f]+)-\d+$/;

/**
 * Beginnings of blobs whose way into the store was interrupted. Nothing says that their bytes are right: whoever goes on
 * with one hashes it. A file that is worked on lies in the lease's folder, so it has one owner at any time.
 */
export class PartialBlobs {
  readonly #lease: Lease;
  readonly #folder: string;

  /** @param folder made when it is needed */
  constructor(lease: Lease, folder: string) {
    this.#lease = lease;
    this.#folder = folder;
  }

  /** A file to write the blob to, which holds as many bytes of it as an earlier attempt left. */
  claim(digest: Digest): { path: string; size: number } {
    const name = digest.replace(":", "-");
    const path = this.#lease.temporaryPath(`partial-${name}`);
    try {
      renameSync(join(this.#folder, name), path);
      return { path, size: statSync(path).size };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return { path, size: 0 };
    }
  }

  /** Keeps what was written to a claimed file for the next attempt. */
  keep(path: string, digest: Digest): void {
    keepPartial(path, digest.replace(":", "-"), this.#folder);
    dropOldPartials(this.#folder);
  }

  /** Bytes of all that is kept. */
  bytes(): number {
    return namesIn(this.#folder).reduce((sum, name) => sum + sizeOf(join(this.#folder, name)), 0);
  }

  /** Removes all that is kept; the next attempts begin anew. @returns how many bytes that was */
  drop(): number {
    const bytes = this.bytes();
    for (const name of namesIn(this.#folder)) rmSync(join(this.#folder, name), { force: true });
    return bytes;
  }
}

/** Takes what a dead process was fetching out of its folder, before that is removed. */
export function salvagePartials(leaseFolder: string, folder: string): void {
  let found = false;
  for (const file of namesIn(leaseFolder)) {
    const name = CLAIMED.exec(file)?.[1];
    if (name === undefined) continue;
    keepPartial(join(leaseFolder, file), name, folder);
    found = true;
  }
  if (found) dropOldPartials(folder);
}

/** Removes what nobody came back for. */
export function dropOldPartials(folder: string, now = Date.now()): void {
  const files = namesIn(folder).map((name) => ({ path: join(folder, name), time: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }));
  files.sort((a, b) => b.time - a.time);
  for (const { path, time } of files.filter(({ time }, position) => position >= MOST_FILES || time < now - EXPIRY)) {
    if (time > 0) rmSync(path, { force: true });
  }
}

function keepPartial(path: string, name: string, folder: string): void {
  const size = sizeOf(path);
  const kept = join(folder, name);
  if (size < WORTH_KEEPING || size <= sizeOf(kept)) return rmSync(path, { force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    renameSync(path, kept);
  } catch (error) {
    // Another process cleans up after the same dead one.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
