import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isFault } from "../../../std/fault.ts";
import { Database, type SqlValue } from "../../../store/database.ts";
import { syncFolder } from "../folder/durable-file.ts";
import { shareRuns } from "../share-runs.ts";
import { migrate } from "./schema.ts";

/** How long a change waits for one of another process, in milliseconds. */
const PATIENCE = 15_000;
/** What a statement may stop the event loop for while another process holds the lock. */
const BLOCKING = 5;

/**
 * The registry's SQLite file. Readers see a change as soon as it was committed. Commits go to the write-ahead log without an
 * fsync (`synchronous = NORMAL`, whose frames are checksummed and in order); {@link write} then waits for an fsync of that log
 * outside of the event loop, which all changes share that were committed before it began.
 */
export interface RegistryDatabase extends AsyncDisposable {
  readonly path: string;
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  all<Row>(sql: string, ...values: SqlValue[]): Row[];
  run(sql: string, ...values: SqlValue[]): { changes: number; lastId: number };
  /** Runs a transaction that writes; durable when it resolves. */
  write<Result>(work: () => Result): Promise<Result>;
  /** The same for what a power cut may take back. */
  writeLazily<Result>(work: () => Result): Promise<Result>;
  /** What is to be done when the transaction that runs is taken back. */
  onRollback(undo: () => void): void;
  /** Another number after another process has written; inside of a transaction it is that of its moment. */
  readVersion(): number;
  /** Calls back, before the next read of this turn of the event loop, when another process has written. */
  watch(changed: () => void): void;
  /** To be called before answering from memory. */
  checkVersion(): void;
}

export async function openRegistryDatabase(path: string): Promise<RegistryDatabase> {
  const database = new Database(path);
  let log: FileHandle | undefined;
  try {
    migrate(database);
    database.exec(`PRAGMA busy_timeout = ${BLOCKING}; PRAGMA cache_size = -4000`);
    log = await open(`${path}-wal`, "r");
    await syncFolder(dirname(path));
  } catch (error) {
    await log?.close();
    database.close();
    throw error;
  }
  const handle = log;
  const sync = shareRuns(() => handle.datasync());
  const watchers: (() => void)[] = [];
  const readVersion = (): number => database.get<{ data_version: number }>("PRAGMA data_version")!.data_version;
  let version = readVersion();
  let checked = false;

  /** Whether the transaction that runs has changed anything. */
  let changed = false;

  let undoing: (() => void)[] = [];

  const writeLazily = async <Result>(work: () => Result): Promise<Result> => {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      try {
        changed = false;
        undoing = [];
        return database.transaction(work);
      } catch (error) {
        for (const undo of undoing.toReversed()) undo();
        if (!isFault(error, "STORE_BUSY") || Date.now() > deadline) throw error;
        await wait(5);
      }
    }
  };

  return {
    path,
    get: (sql, ...values) => database.get(sql, ...values),
    all: (sql, ...values) => database.all(sql, ...values),
    run(sql, ...values) {
      const result = database.run(sql, ...values);
      if (result.changes > 0) changed = true;
      return result;
    },
    onRollback: (undo) => void undoing.push(undo),
    readVersion,
    writeLazily,
    async write(work) {
      let wrote = false;
      const result = await writeLazily(() => {
        const done = work();
        wrote = changed;
        return done;
      });
      if (wrote) await sync();
      return result;
    },
    watch: (changed) => void watchers.push(changed),
    checkVersion() {
      if (checked) return;
      checked = true;
      setImmediate(() => (checked = false));
      const found = readVersion();
      if (found === version) return;
      version = found;
      for (const changed of watchers) changed();
    },
    async [Symbol.asyncDispose]() {
      await sync().catch(() => undefined);
      await handle.close();
      database.close();
    },
  };
}
