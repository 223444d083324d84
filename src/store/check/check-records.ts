import { zstdDecompressSync } from "node:zlib";
import type { RemovalPlace } from "../removal.ts";
import type { Lost } from "./check-images.ts";
import type { Finding } from "./problem.ts";

interface RecordRow {
  readonly key: string;
  readonly slot: string;
  readonly snapshot: number | null;
  readonly components: string;
  readonly files: Uint8Array | null;
  readonly present: number;
}

/** What a list of a million files unpacks to is no more. */
const FILES_LIMIT = 1024 ** 3;

/** Whether every cache record can be read, and leads to a layer folder. */
export function checkRecords({ database }: RemovalPlace, lost: Lost): { count: number; findings: Finding[] } {
  const keys = database.all<{ key: string }>("SELECT key FROM cache_record").map(({ key }) => key);
  const findings = keys.flatMap((key): Finding[] => {
    const row = database.get<RecordRow>(
      `SELECT key, slot, snapshot, components, files, snapshot IS NULL OR EXISTS (SELECT 1 FROM snapshot AS s WHERE s.id = cache_record.snapshot) AS present
       FROM cache_record WHERE key = ?`, key);
    // Those of a layer folder that is damaged go with it.
    if (row === undefined || row.snapshot !== null && lost.snapshots.has(row.snapshot)) return [];
    const problem = row.present === 0 ? "leads to a layer folder that is not there" : readProblem(row);
    if (problem === undefined) return [];
    return [{
      what: `cache record ${key} (step ${row.slot}) ${problem}`,
      repair: "it is deleted",
      loses: "the step runs again",
      fix: () => {
        database.run("DELETE FROM cache_alias WHERE key = ?", key);
        database.run("DELETE FROM cache_record WHERE key = ?", key);
        return true;
      },
    }];
  });
  return { count: keys.length, findings };
}

function readProblem({ components, files }: RecordRow): string | undefined {
  try {
    if (typeof JSON.parse(components) !== "object") return "has components that cannot be read";
    if (files !== null && !Array.isArray(JSON.parse(zstdDecompressSync(files, { maxOutputLength: FILES_LIMIT }).toString()))) return "has a list of files that cannot be read";
    return undefined;
  } catch {
    return "cannot be read";
  }
}
