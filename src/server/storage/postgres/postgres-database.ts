import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import pg, { type PoolClient } from "pg";
import { fault, isFault } from "../../../std/fault.ts";
import { placeOf } from "../../terms/database-url.ts";
import { clientConfig, type PostgresAddress } from "./address.ts";
import { createClock, type Clock } from "./clock.ts";
import { databaseFault, isConflict, isLost } from "./database-fault.ts";
import { createTransaction, type Transaction } from "./transaction.ts";

export type PostgresValue = string | number | boolean | null | Uint8Array | readonly (string | number | null | Uint8Array)[];

export interface PostgresReader {
  get<Row>(sql: string, ...values: PostgresValue[]): Promise<Row | undefined>;
  all<Row>(sql: string, ...values: PostgresValue[]): Promise<Row[]>;
}

/** The tables' own room in the database, so that others may share it. */
export const SCHEMA = "sampan_registry";

/** How often a transaction is tried that others are in the way of. */
const ATTEMPTS = 12;
/** A read is repeated when its connection turns out to be dead: after a restart of the database all idle ones are. */
const READ_ATTEMPTS = 4;

/** By when the database takes a connection for dead whose other end is gone without a word, in seconds: asked after so much silence, so often, with so much time between. */
const [SILENCE, BETWEEN, QUESTIONS] = [10, 5, 3];
/** How long it keeps the locks of such a connection at least, in milliseconds. */
export const KEPT_LOCKS = (SILENCE + BETWEEN * QUESTIONS) * 1000;

/** For each connection. Names and digests are compared by code unit, whatever the database's language is (COLLATE "C" of the columns). */
const SESSION = `SET search_path = ${SCHEMA}; SET lock_timeout = '60s'; SET idle_in_transaction_session_timeout = '10min';
  SET tcp_keepalives_idle = ${SILENCE}; SET tcp_keepalives_interval = ${BETWEEN}; SET tcp_keepalives_count = ${QUESTIONS}; SET client_encoding = 'UTF8'`;

/** Numbers are safe integers here. */
const BIGINT = 20;
const types = { getTypeParser: ((oid: number, format?: "text" | "binary") => (oid === BIGINT ? Number : pg.types.getTypeParser(oid, format as "text"))) as typeof pg.types.getTypeParser };

export interface WriteOptions {
  /** Nobody else changes records of this repository meanwhile. */
  readonly repository?: string;
  /** A crash of the database may take it back. */
  readonly lazily?: boolean;
}

/** A bounded pool of connections to one database. */
export interface PostgresDatabase extends PostgresReader, AsyncDisposable {
  readonly place: string;
  readonly clock: Clock;
  /**
   * Runs a transaction; durable when it resolves. It sees at each of its statements what was committed until then (READ COMMITTED); what must not
   * change meanwhile it locks: a repository by name, rows by FOR UPDATE. Work that met a conflict, or lost its connection before the commit, is repeated.
   */
  write<Result>(options: WriteOptions, work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** A connection for what lasts longer than a transaction. */
  session(): Promise<PoolClient>;
}

/** Connects when it is first used. */
export function createPostgresDatabase(address: PostgresAddress, options: { clock?: Clock; report: (problem: Error) => void }): PostgresDatabase {
  const place = placeOf(address.url);
  const clock = options.clock ?? createClock();
  let config: pg.PoolConfig;
  try {
    config = { ...clientConfig(address), types, max: address.connections, connectionTimeoutMillis: 10_000, idleTimeoutMillis: 60_000, query_timeout: 180_000 };
  } catch (error) {
    throw databaseFault(error, place); // a file of the URL cannot be read
  }
  const pool = new pg.Pool({ ...config, onConnect: async (client) => void (await client.query(SESSION)) } as pg.PoolConfig);
  // The query that needs a lost connection says so; one that lies idle is replaced.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => void client.on("error", () => undefined));

  let ending: Promise<void> | undefined;

  const names = new Map<string, string>();
  /** Statements are prepared once for each connection. */
  const statement = (sql: string, values: readonly PostgresValue[]): pg.QueryConfig => {
    let name = names.get(sql);
    if (name === undefined) names.set(sql, (name = createHash("sha256").update(sql).digest("base64url").slice(0, 20)));
    return { name, text: sql, values: values.map(storable) };
  };

  let away = false;
  /** The error as a fault, remembered when it says that nobody answers. */
  const failed = (error: unknown): unknown => {
    const found = databaseFault(error, place);
    if (isFault(found, "SERVER_DATABASE_LOST")) away = true;
    return found;
  };
  const answered = (): void => {
    if (!away) return;
    away = false;
    options.report(fault("SERVER_DATABASE_BACK", { place }));
  };

  const connect = async (): Promise<PoolClient> => {
    try {
      return await pool.connect();
    } catch (error) {
      throw failed(error);
    }
  };

  const read = async <Row>(sql: string, values: readonly PostgresValue[]): Promise<Row[]> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { rows } = await pool.query(statement(sql, values));
        answered();
        return rows as Row[];
      } catch (error) {
        if (attempt >= READ_ATTEMPTS || !isLost(error) || (error as NodeJS.ErrnoException).syscall === "connect") throw failed(error);
        await wait(20 * attempt);
      }
    }
  };

  /** @returns what the work gave, or how it failed and whether it may be done again */
  const attempt = async <Result>({ repository, lazily }: WriteOptions, work: (transaction: Transaction) => Promise<Result>): Promise<{ result: Result } | { error: unknown; again: boolean }> => {
    const client = await connect();
    let broken = false;
    let committing = false;
    try {
      const lock = repository === undefined ? "" : `; SELECT pg_advisory_xact_lock(${lockKey(`repository ${repository}`)})`;
      await client.query(`BEGIN${lazily === true ? "; SET LOCAL synchronous_commit = off" : ""}${lock}`);
      const transaction = createTransaction((sql, values) => client.query(statement(sql, values)), clock);
      const result = await work(transaction);
      await transaction.finish();
      committing = true;
      await client.query("COMMIT");
      return { result };
    } catch (error) {
      broken = isLost(error);
      if (!broken) await client.query("ROLLBACK").catch(() => (broken = true));
      return { error, again: isConflict(error) || (isLost(error) && !committing) };
    } finally {
      client.release(broken);
    }
  };

  return {
    place,
    clock,
    get: async <Row>(sql: string, ...values: PostgresValue[]) => (await read<Row>(sql, values))[0],
    all: (sql, ...values) => read(sql, values),
    session: connect,
    async write(settings, work) {
      for (let count = 1; ; count += 1) {
        const outcome = await attempt(settings, work);
        if ("result" in outcome) {
          answered();
          return outcome.result;
        }
        if (!outcome.again || count === ATTEMPTS) throw failed(outcome.error);
        await wait(Math.random() * Math.min(500, 5 * 2 ** count));
      }
    },
    [Symbol.asyncDispose]: () => (ending ??= pool.end()),
  };
}

/** A lock's number from its name. */
export function lockKey(name: string): string {
  return createHash("sha256").update(`sampan ${name}`).digest().readBigInt64BE(0).toString();
}

/** A text of the database has no NUL; clients may send one in what is only compared, and in types. */
function storable(value: PostgresValue): unknown {
  if (typeof value === "string") return value.includes("\0") ? value.replaceAll("\0", "\ufffd") : value;
  if (Array.isArray(value)) return value.map((item: PostgresValue) => storable(item));
  return value instanceof Uint8Array && !Buffer.isBuffer(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

