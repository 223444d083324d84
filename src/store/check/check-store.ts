import type { Digest } from "../../oci/digest.ts";
import { STANDING } from "../image-parts.ts";
import { finishRemoval, moveAway, type RemovalPlace } from "../removal.ts";
import { blobFinding, checkBlobs, strayBlobs } from "./check-blobs.ts";
import { cacheMountFindings, strayCacheMounts } from "./check-cache-mounts.ts";
import { checkImages, type Lost } from "./check-images.ts";
import { checkRecords } from "./check-records.ts";
import { checkSnapshots, straySnapshots } from "./check-snapshots.ts";
import type { Finding, Problem } from "./problem.ts";

export interface CheckOptions {
  readonly repair: boolean;
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
export async function checkStore(place: RemovalPlace, options: CheckOptions): Promise<{ checked: Checked; trash: readonly string[] }> {
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

  for (const problem of databaseProblems(place)) report(problem);
  const badBlobs = await checkBlobs(place, { signal: options.signal, onBytes: (bytes) => { counts.blobs += 1; counts.bytes += bytes; options.onBytes?.(bytes); } });
  counts.snapshots = count("SELECT count(*) AS count FROM snapshot WHERE state = 1");
  const badSnapshots = await checkSnapshots(place, { signal: options.signal });
  counts.images = count(`SELECT count(*) AS count FROM image WHERE ${STANDING}`);
  const lost: Lost = { blobs: new Set<Digest>([...badBlobs.keys()].map(({ digest }) => digest)), snapshots: withAbove(place, badSnapshots.keys()) };
  const blobFindings = [...badBlobs].map(([row, problem]) => blobFinding(place, row, problem, { lost: lost.snapshots, trash }));
  for (const finding of [...blobFindings, ...badSnapshots.values()]) report(finding);
  const records = checkRecords(place, lost);
  counts.records = records.count;
  for (const finding of [...records.findings, ...checkImages(place, lost)]) report(finding);
  for (const finding of [...cacheMountFindings(place), ...strayFindings(place, trash)]) report(finding);
  if (options.repair) trash.push(...finishRemoval(place).trash);
  return { checked: counts, trash };
}

/** What nobody has listed takes room, and nothing else. */
function strayFindings(place: RemovalPlace, trash: string[]): Finding[] {
  const { database, lease } = place;
  const kinds = [["file in the folder of blobs", strayBlobs], ["folder among the layer folders", straySnapshots], ["folder among the caches of RUN", strayCacheMounts]] as const;
  return kinds.flatMap(([what, find]): Finding[] => {
    const paths = database.transaction(() => find(place));
    return paths.map((path) => ({
      what: `a ${what} belongs to nothing: ${path}`,
      repair: "it is deleted",
      loses: "nothing",
      fix: () => {
        if (find(place).includes(path)) moveAway(path, lease.temporaryPath("stray"), trash);
        return true;
      },
    }));
  });
}

function databaseProblems({ database }: RemovalPlace): Finding[] {
  const lines = database.all<object>("PRAGMA integrity_check(20)").map((row) => String(Object.values(row)[0]));
  if (lines.length === 1 && lines[0] === "ok") return [];
  return lines.map((line) => ({
    what: `the database ${database.path}: ${line}`,
    loses: "it cannot be repaired: save what is needed, move the store's folder away, and pull, load or build again",
  }));
}

/** Those snapshots and all that lie upon them. */
function withAbove({ database }: RemovalPlace, ids: Iterable<number>): Set<number> {
  const lost = new Set(ids);
  for (const { id, parent } of database.all<{ id: number; parent: number | null }>("SELECT id, parent FROM snapshot ORDER BY id")) {
    if (parent !== null && lost.has(parent)) lost.add(id);
  }
  return lost;
}
