import type { Digest } from "../../oci/digest.ts";
import { fault, isFault } from "../../std/fault.ts";
import type { Database } from "../database.ts";
import { STANDING } from "../image-parts.ts";
import { strayContainers } from "../recover-containers.ts";
import { finishRemoval, moveAway, type RemovalPlace } from "../removal.ts";
import { strayBlobs } from "../stray-blobs.ts";
import { findStrayImages, takeUpStrays, type ImagePlace, type StrayPlan } from "../stray-images.ts";
import { blobFinding, checkBlobs } from "./check-blobs.ts";
import { cacheMountFindings, strayCacheMounts } from "./check-cache-mounts.ts";
import { checkImages, type Lost } from "./check-images.ts";
import { checkRecords } from "./check-records.ts";
import { checkSnapshots, straySnapshots } from "./check-snapshots.ts";
import type { Finding, Problem } from "./problem.ts";

export interface CheckOptions {
  readonly repair: boolean;
  /** Whether the content of every layer folder is compared, not only of those that were touched after they were made. */
  readonly deep?: boolean | undefined;
  readonly onProblem: (problem: Problem) => void;
  /** Called with the bytes of blobs that were read since the last call. */
  readonly onBytes?: ((count: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Checked {
  readonly blobs: number;
  readonly bytes: number;
  readonly snapshots: number;
  readonly records: number;
  readonly images: number;
  readonly problems: number;
  readonly repaired: number;
}

/**
 * Compares what the database says with what is on the disk: the content of every blob, every layer folder, record, image and
 * name, and what lies around. It runs beside other processes: what looks wrong is looked at again under the write lock, and what
 * another process uses is left alone.
 * @returns counts, and files for the caller to delete
 */
export async function checkStore(place: ImagePlace, options: CheckOptions): Promise<{ checked: Checked; trash: readonly string[] }> {
  const { database } = place;
  const trash: string[] = [];
  const counts = { blobs: 0, bytes: 0, snapshots: 0, records: 0, images: 0, problems: 0, repaired: 0 };
  const report = ({ fix, ...problem }: Finding): void => {
    const repaired = options.repair && fix !== undefined && database.transaction(fix);
    counts.problems += 1;
    if (repaired) counts.repaired += 1;
    options.onProblem({ ...problem, repaired });
  };
  const count = (sql: string): number => database.get<{ count: number }>(sql)!.count;

  checkDatabase(place, options, report);
  // Before anything is found to be missing, or to belong to nothing.
  const strays = await findStrayImages(place, { signal: options.signal });
  for (const finding of strayImageFindings(place, strays)) report(finding);
  const badBlobs = await checkBlobs(place, { signal: options.signal, onBytes: (bytes) => { counts.blobs += 1; counts.bytes += bytes; options.onBytes?.(bytes); } });
  counts.snapshots = count("SELECT count(*) AS count FROM snapshot WHERE state = 1");
  const lostBlobs = new Set<Digest>([...badBlobs.keys()].map(({ digest }) => digest));
  const badSnapshots = await checkSnapshots(place, { deep: options.deep ?? false, lost: lostBlobs, signal: options.signal });
  counts.images = count(`SELECT count(*) AS count FROM image WHERE ${STANDING}`);
  const lost: Lost = { blobs: lostBlobs, snapshots: withAbove(place, badSnapshots.keys()) };
  const blobFindings = [...badBlobs].map(([row, problem]) => blobFinding(place, row, problem, { lost: lost.snapshots, trash }));
  for (const finding of [...blobFindings, ...badSnapshots.values()]) report(finding);
  const records = checkRecords(place, lost);
  counts.records = records.count;
  for (const finding of [...records.findings, ...checkImages(place, lost)]) report(finding);
  for (const finding of [...cacheMountFindings(place), ...strayFindings(place, { trash, strays })]) report(finding);
  if (options.repair) trash.push(...finishRemoval(place).trash);
  return { checked: counts, trash };
}

/** Images that the database does not have, and blobs of those that it has. */
function strayImageFindings(place: ImagePlace, plan: StrayPlan): Finding[] {
  const takeUp = (part: Partial<StrayPlan>): Finding["fix"] => () =>
    takeUpStrays(place, { images: [], needed: [], blobs: new Set(), ...part }).length === (part.images?.length ?? 0);
  return [
    ...plan.needed.map((digest): Finding => ({
      what: `blob ${digest} is there and needed, and the database does not know of it`,
      repair: "it is taken up again",
      loses: "nothing",
      fix: takeUp({ needed: [digest], blobs: new Set([digest]) }),
    })),
    ...plan.images.map((image): Finding => ({
      what: `${image.index ? "index" : "image"} ${image.id.slice(7, 19)} is there, and the database does not know of it`,
      repair: "it is taken up again, without a name",
      loses: "its names: `sampan tag` gives it new ones",
      fix: takeUp({ images: [image], blobs: new Set(image.strays) }),
    })),
  ];
}

/** What nobody has listed takes room, and nothing else. */
function strayFindings(place: RemovalPlace, { trash, strays }: { trash: string[]; strays: StrayPlan }): Finding[] {
  const { database, lease } = place;
  const kinds = [
    ["file in the folder of blobs", () => strayBlobs(place).filter(({ digest }) => digest === undefined || !strays.blobs.has(digest)).map(({ path }) => path)],
    ["folder among the layer folders", () => straySnapshots(place)],
    ["folder among the caches of RUN", () => strayCacheMounts(place)],
    ["empty folder among the containers", () => strayContainers(place).flatMap(({ path, empty }) => (empty ? [path] : []))],
  ] as const;
  const deleted = kinds.flatMap(([what, find]): Finding[] => database.transaction(find).map((path) => ({
    what: `a ${what} belongs to nothing: ${path}`,
    repair: "it is deleted",
    loses: "nothing",
    fix: () => {
      if (find().includes(path)) moveAway(path, lease.temporaryPath("stray"), trash);
      return true;
    },
  })));
  const written = database.transaction(() => strayContainers(place)).filter(({ empty }) => !empty);
  return [...deleted, ...written.map(({ path }): Finding => ({
    what: `the folder of a container that the database does not know holds what it has written: ${path}`,
    loses: "nobody but you knows what that is worth: keep what you need of it, and delete the folder",
  }))];
}

/** @throws STORE_CORRUPT where it is to be repaired, which is done before it is opened */
function checkDatabase({ database }: RemovalPlace, { repair }: CheckOptions, report: (finding: Finding) => void): void {
  const lines = problemsOf(database);
  if (lines.length === 0) return;
  if (repair && !isReindexed(database)) throw fault("STORE_CORRUPT", { path: database.path, problem: lines[0]! });
  for (const line of lines) {
    report({
      what: `the database ${database.path}: ${line}`,
      repair: "its indexes are made anew; where that is not enough, it is put aside, and a new one is made of what can be read of it and of the images among the blobs",
      loses: "mostly nothing; else names of images, containers and the build cache, as far as they cannot be read",
      fix: () => true,
    });
  }
}

function problemsOf(database: Database): string[] {
  return database.all<object>("PRAGMA integrity_check(20)").map((row) => String(Object.values(row)[0])).filter((line) => line !== "ok");
}

/** Whether the database is well once its indexes are made anew. */
function isReindexed(database: Database): boolean {
  try {
    database.exec("REINDEX");
    return problemsOf(database).length === 0;
  } catch (error) {
    // Two rows of one key, for instance.
    if (isFault(error) && error.code !== "STORE_CORRUPT") throw error;
    return false;
  }
}

/** Those snapshots and all that lie upon them. */
function withAbove({ database }: RemovalPlace, ids: Iterable<number>): Set<number> {
  const lost = new Set(ids);
  for (const { id, parent } of database.all<{ id: number; parent: number | null }>("SELECT id, parent FROM snapshot ORDER BY id")) {
    if (parent !== null && lost.has(parent)) lost.add(id);
  }
  return lost;
}
