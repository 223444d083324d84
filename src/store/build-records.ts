import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { BuildAbout, BuildError, BuildRecord, BuildStatus, RecordedStep, StepCounts } from "./build-record.ts";
import type { Database } from "./database.ts";
import { isAlive, ownIdentity } from "./process-identity.ts";

/** How many records are kept, and for how long, in milliseconds. */
const MOST = 100;
const LONGEST = 30 * 24 * 3600 * 1000;

interface Row {
  readonly ref: string;
  readonly status: BuildStatus;
  readonly about: string;
  readonly counts: string;
  readonly error: string | null;
  readonly started_at: number;
  readonly completed_at: number | null;
  readonly updated_at: number;
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
  readonly namespace: string;
}

const COLUMNS = "ref, status, about, counts, error, started_at, completed_at, updated_at, pid, started, boot, namespace";

/** Records of builds, the newest first. That of a process that was killed counts as canceled. */
export class BuildRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Notes how a build is or was, in place of what was noted of it before; with its end, the oldest ones are forgotten. */
  save({ ref, status, about, error, counts, startedAt, completedAt }: BuildRecord, steps: readonly RecordedStep[]): void {
    const { pid, started, boot, namespace } = ownIdentity();
    const now = Date.now();
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT OR REPLACE INTO build_record (${COLUMNS}, steps) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ref, status, JSON.stringify(about), JSON.stringify(counts), error === undefined ? null : JSON.stringify(error), startedAt, completedAt ?? null, now,
        pid, started, boot, namespace, packed(steps),
      );
      if (completedAt === undefined) return;
      this.#database.run(
        "DELETE FROM build_record WHERE started_at < ? OR ref IN (SELECT ref FROM build_record ORDER BY started_at DESC LIMIT -1 OFFSET ?)", now - LONGEST, MOST,
      );
    });
  }

  list(): BuildRecord[] {
    return this.#database.all<Row>(`SELECT ${COLUMNS} FROM build_record ORDER BY started_at DESC`).map(recordOf);
  }

  steps(ref: string): RecordedStep[] {
    const row = this.#database.get<{ steps: Uint8Array | string }>("SELECT steps FROM build_record WHERE ref = ?", ref);
    if (row === undefined) return [];
    return JSON.parse(typeof row.steps === "string" ? row.steps : zstdDecompressSync(row.steps).toString()) as RecordedStep[];
  }

  /** @returns whether there was one */
  remove(ref: string): boolean {
    return this.#database.run("DELETE FROM build_record WHERE ref = ?", ref).changes > 0;
  }
}

/** What is small is not worth the milliseconds that packing takes when it begins. */
function packed(steps: readonly RecordedStep[]): Uint8Array | string {
  const text = JSON.stringify(steps);
  return text.length < 16 * 1024 ? text : zstdCompressSync(text);
}

function recordOf(row: Row): BuildRecord {
  const killed = row.status === "running" && !isAlive(row);
  return {
    ref: row.ref,
    status: killed ? "canceled" : row.status,
    about: JSON.parse(row.about) as BuildAbout,
    startedAt: row.started_at,
    completedAt: row.completed_at ?? (killed ? row.updated_at : undefined),
    error: killed ? { message: "the process was killed" } : row.error === null ? undefined : (JSON.parse(row.error) as BuildError),
    counts: JSON.parse(row.counts) as StepCounts,
  };
}
