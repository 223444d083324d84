import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { closeSync, fstatSync, fsyncSync, openSync } from "node:fs";
import { fault, isFault } from "../std/fault.ts";
import { storageFault } from "./storage-fault.ts";

export type SqlValue = SQLInputValue;

/** Bytes of a log that is left to the next process, which reads all of it first. */
const LARGEST_LOG = 1024 * 1024;

/** One process leaves no more than so many open files behind, however often it asks the store. */
const MOST_LEFT = 4;

/** Connections that must not be closed by the collection of garbage. */
const left = new Set<DatabaseSync>();

/** How long a statement waits by default for a lock that another process holds, in milliseconds. */
const BUSY_TIMEOUT = 5000;

/**
 * One SQLite file in WAL mode, the only place that knows `node:sqlite`. Everything is synchronous; statements
 * are prepared once. What the storage refuses becomes DISK_FULL, READ_ONLY, STORE_BUSY or STORE_CORRUPT.
 */
export class Database {
  readonly path: string;
  readonly #timeout: number;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #rollbacks = 0;
  #open = true;

  constructor(path: string, options: { readonly timeout?: number | undefined } = {}) {
    this.path = path;
    this.#timeout = options.timeout ?? BUSY_TIMEOUT;
    try {
      this.#connection = this.#connect();
    } catch (error) {
      // On a full disk SQLite has no room for the memory that processes share. It does without where this process is the only one until it ends.
      if (!isFault(error, "DISK_FULL")) throw error;
      this.#connection = this.#connect("PRAGMA locking_mode = EXCLUSIVE");
    }
  }

  /** How many transactions were undone so far. */
  get rollbacks(): number {
    return this.#rollbacks;
  }

  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...this.#inOrder(sql, values)) as Row | undefined);
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#guard(() => this.#prepare(sql).all(...this.#inOrder(sql, values)) as Row[]);
  }

  /** Rows one after the other: those before one that cannot be read are had. */
  *each<Row>(sql: string): Generator<Row> {
    const rows = this.#guard(() => this.#prepare(sql).iterate()[Symbol.iterator]());
    for (let next = this.#guard(() => rows.next()); !next.done; next = this.#guard(() => rows.next())) yield next.value as Row;
  }

  /** @returns how many rows changed, and the id of the last inserted one. */
  run(sql: string, ...values: SqlValue[]): { changes: number; lastId: number } {
    const { changes, lastInsertRowid } = this.#guard(() => this.#prepare(sql).run(...this.#inOrder(sql, values)));
    return { changes: Number(changes), lastId: Number(lastInsertRowid) };
  }

  /** Statements that are used once, such as those of the schema. */
  exec(sql: string): void {
    this.#guard(() => this.#connection.exec(sql));
  }

  /**
   * Runs synchronous work that writes, all or nothing. It takes the write lock at once (BEGIN IMMEDIATE), because a
   * transaction that reads first and is overtaken by another writer could not be repeated. Nested calls join the outer one.
   */
  transaction<Result>(work: () => Result): Result {
    if (this.#depth > 0) return work();
    this.#guard(() => this.#prepare("BEGIN IMMEDIATE").run());
    this.#depth += 1;
    try {
      const result = work();
      this.#guard(() => this.#prepare("COMMIT").run());
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /** A part of a transaction of which nothing stays when it throws, while the rest may go on. */
  part<Result>(work: () => Result): Result {
    this.exec("SAVEPOINT part");
    try {
      const result = work();
      this.exec("RELEASE part");
      return result;
    } catch (error) {
      this.#rollbacks += 1;
      this.exec("ROLLBACK TO part; RELEASE part");
      throw error;
    }
  }

  /** Writes the whole database, as it is at one moment, into another file. Others may go on writing to this one. */
  async backup(path: string): Promise<void> {
    try {
      // In one step: one that is made of several begins anew whenever somebody writes.
      await sqlite().backup(this.#connection, path, { rate: 0x7fffffff });
    } catch (error) {
      throw storageFault(error, path);
    }
  }

  /**
   * Ends the use of the database in a process that is about to end. When the last one closes it, SQLite writes its log back
   * into the file and removes it, which takes longer than all that a small build writes. Here the log stays, on the disk for sure, and
   * whoever comes next goes on with it.
   */
  leave(): void {
    if (!this.#open) return;
    try {
      // SQLite's locks are on the other two files: they would go with any descriptor that is closed.
      const log = openSync(`${this.path}-wal`, "r");
      try {
        if (left.size === MOST_LEFT || fstatSync(log).size > LARGEST_LOG) return this.close();
        fsyncSync(log);
      } finally {
        closeSync(log);
      }
    } catch {
      return this.close();
    }
    this.#open = false;
    this.#statements.clear();
    left.add(this.#connection);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#statements.clear();
    this.#connection.close();
  }

  #rollback(): void {
    this.#rollbacks += 1;
    try {
      this.#prepare("ROLLBACK").run();
    } catch {
      // SQLite has rolled back by itself, as it does on a full disk.
    }
  }

  #prepare(sql: string): StatementSync {
    if (!this.#open) throw fault("STORE_CLOSED", { path: this.path });
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, statement = this.#connection.prepare(sql));
    return statement;
  }

  /** Node up to 22.19 and 24.6 takes numbers of parameters for names (nodejs/node#59340). Elsewhere names would only take longer. */
  #inOrder(sql: string, values: SqlValue[]): SqlValue[] {
    if ((numbersKnown ??= takesNumbers(this.#connection)) || !/\?\d/.test(sql)) return values;
    const named = Object.fromEntries(values.map((value, index) => [`?${index + 1}`, value]));
    return [named as unknown as SqlValue];
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw storageFault(error, this.path);
    }
  }

  #connect(first?: string): DatabaseSync {
    const connection = this.#guard(() => new (sqlite().DatabaseSync)(this.path, { timeout: this.#timeout }));
    try {
      if (first !== undefined) connection.exec(first);
      this.#switchToWal(connection);
      // NORMAL: a power cut may lose the last transactions, never the database's consistency.
      this.#guard(() => connection.exec("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY"));
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** The mode stays in the file. SQLite does not wait for locks while it switches, so a race of two first openers is repeated. */
  #switchToWal(connection: DatabaseSync): void {
    const until = Date.now() + this.#timeout;
    for (;;) {
      try {
        connection.prepare("PRAGMA journal_mode = WAL").get();
        return;
      } catch (error) {
        if (Date.now() > until || ((error as { errcode?: number }).errcode ?? 0) % 256 !== 5) throw storageFault(error, this.path);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }
}

let loaded: typeof import("node:sqlite") | undefined;

/** Node 22 warns that the module is experimental; our users can do nothing about it. */
function sqlite(): typeof import("node:sqlite") {
  if (loaded === undefined) {
    const emitWarning = process.emitWarning;
    process.emitWarning = () => {};
    try {
      loaded = process.getBuiltinModule("node:sqlite");
    } finally {
      process.emitWarning = emitWarning;
    }
  }
  return loaded;
}

let numbersKnown: boolean | undefined;

function takesNumbers(connection: DatabaseSync): boolean {
  try {
    return connection.prepare("SELECT ?1").get(1) !== undefined;
  } catch {
    return false;
  }
}
