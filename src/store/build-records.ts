import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { BuildAbout, BuildAttachment, BuildError, BuildRecord, BuildStatus, RecordedStep, StepCounts } from "./build-record.ts";
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
  save({ ref, status, about, error, counts, startedAt, completedAt }: BuildRecord, steps: readonly RecordedStep[], attachments: readonly BuildAttachment[] = []): void {
    const { pid, started, boot, namespace } = ownIdentity();
    const now = Date.now();
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT OR REPLACE INTO build_record (${COLUMNS}, steps, attachments) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ref, status, JSON.stringify(about), JSON.stringify(counts), error === undefined ? null : JSON.stringify(error), startedAt, completedAt ?? null, now,
        pid, started, boot, namespace, packed(steps), attachments.length === 0 ? null : packed(attachments.map(({ bytes, ...about }) => ({ ...about, data: Buffer.from(bytes).toString("base64") }))),
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
    return row === undefined ? [] : (unpacked(row.steps) as RecordedStep[]);
  }

  /** What a build has made besides its result. */
  attachments(ref: string): BuildAttachment[] {
    const row = this.#database.get<{ attachments: Uint8Array | string | null }>("SELECT attachments FROM build_record WHERE ref = ?", ref);
    const found = (row?.attachments == null ? [] : unpacked(row.attachments)) as readonly (Omit<BuildAttachment, "bytes"> & { readonly data: string })[];
    return found.map(({ data, ...about }) => ({ ...about, bytes: Buffer.from(data, "base64") }));
  }

  /** @returns whether there was one */
  remove(ref: string): boolean {
    return this.#database.run("DELETE FROM build_record WHERE ref = ?", ref).changes > 0;
  }
}

/** What is small is not worth the milliseconds that packing takes when it begins. */
function packed(list: readonly unknown[]): Uint8Array | string {
  const text = JSON.stringify(list);
  return text.length < 32 * 1024 ? text : zstdCompressSync(text);
}

function unpacked(column: Uint8Array | string): unknown {
  return JSON.parse(typeof column === "string" ? column : zstdDecompressSync(column).toString());
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
