import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { findProgram } from "./find-program.ts";
import { freePort } from "./free-port.ts";
import { testCertificate } from "./test-certificate.ts";

/** Debian keeps the programs of each version in a folder of their own, outside of PATH. */
const VERSIONS = "/usr/lib/postgresql";
const programs = [...(existsSync(VERSIONS) ? readdirSync(VERSIONS) : [])].map((version) => join(VERSIONS, version, "bin")).findLast((folder) => existsSync(join(folder, "initdb")));
const initdb = programs === undefined ? findProgram("initdb") : join(programs, "initdb");
/** It refuses to run as root. */
const asRoot = process.getuid!() === 0;
const USER = asRoot ? "postgres" : userInfo().username;

/** The reason to skip a test that needs PostgreSQL, or false when it is there. */
export const postgresMissing: string | false = initdb === undefined ? "needs postgresql" : asRoot && !canBecome() ? "needs setpriv and the user postgres" : false;

function canBecome(): boolean {
  try {
    execFileSync("setpriv", [...become(), "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function become(): string[] {
  return ["--reuid", USER, "--regid", execFileSync("id", ["-g", USER], { encoding: "utf8" }).trim(), "--clear-groups"];
}

export const PASSWORD = "the owner's password";

export interface Postgres {
  /** A new database, by the socket; `tcp`: with user and password by loopback. */
  database(): Promise<{ readonly url: string; readonly tcp: string; readonly name: string }>;
  /** What psql prints of it. */
  query(sql: string, database?: string): string;
  /** SIGKILL of everything, as if the machine were gone. */
  kill(): Promise<void>;
  /** An orderly end that waits for nobody. */
  stop(): Promise<void>;
  start(): Promise<void>;
  readonly port: number;
  readonly folder: string;
}

/** A database server of its own, run by an ordinary user on a socket and on loopback, until the tests of the file have ended. `durable`: it waits for the disk. */
export async function startPostgres({ durable = false }: { durable?: boolean } = {}): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-postgres-"));
  const [data, sockets] = [join(folder, "data"), join(folder, "sockets")];
  mkdirSync(sockets);
  const run = (program: string, words: readonly string[]): string =>
    execFileSync(...command(program, words), { encoding: "utf8", cwd: folder, env: { ...process.env, LC_ALL: "C.UTF-8" }, stdio: ["ignore", "pipe", "pipe"] });
  if (asRoot) execFileSync("chown", ["-R", USER, folder]);
  chmodSync(folder, 0o755);
  run("initdb", ["-D", data, "-U", "owner", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]);
  for (const [name, text] of [["server.crt", testCertificate.cert], ["server.key", testCertificate.key]] as const) {
    writeFileSync(join(data, name), text, { mode: 0o600 });
    if (asRoot) execFileSync("chown", [USER, join(data, name)]);
  }
  const port = await freePort();
  appendFileSync(join(data, "postgresql.conf"), [
    "", "listen_addresses = '127.0.0.1'", `port = ${port}`, `unix_socket_directories = '${sockets}'`, "ssl = on", "max_connections = 200", "shared_buffers = 32MB",
    "dynamic_shared_memory_type = mmap", // in its folder: /dev/shm would keep that of a killed one
    ...(durable ? [] : ["fsync = off", "full_page_writes = off"]), "",
  ].join("\n"));

  let child: ChildProcess | undefined;
  let ended: Promise<void> | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    // The group too: backends outlive their postmaster for a moment.
    if (child?.pid !== undefined) process.kill(signal === "SIGKILL" ? -child.pid : child.pid, signal);
    await ended;
    child = undefined;
  };
  const start = async (): Promise<void> => {
    const server = spawn(...command("postgres", ["-D", data]), { cwd: folder, stdio: ["ignore", "ignore", "pipe"], detached: true });
    let said = "";
    server.stderr.on("data", (text) => (said = `${said}${String(text)}`.slice(-4000)));
    child = server;
    ended = new Promise((resolve) => server.once("exit", () => resolve()));
    for (let attempt = 0; attempt < 600; attempt += 1) {
      if (server.exitCode !== null || server.signalCode !== null) break;
      try {
        query("SELECT 1");
        return;
      } catch {
        await wait(100);
      }
    }
    throw new Error(`PostgreSQL does not come up: ${said}`);
  };
  const query = (sql: string, database = "postgres"): string => run("psql", ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", sockets, "-p", String(port), "-U", "owner", "-d", database, "-c", sql]).trim();
  after(async () => {
    await end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  query(`ALTER USER owner PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
  let count = 0;
  return {
    port, folder, start, query,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGINT"),
    async database() {
      const name = `registry${(count += 1)}`;
      query(`CREATE DATABASE ${name}`);
      return { name, url: `postgres:///${name}?host=${encodeURIComponent(sockets)}&port=${port}&user=owner`, tcp: `postgres://owner:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${name}` };
    },
  };
}

function command(program: string, words: readonly string[]): [string, string[]] {
  const path = programs === undefined ? findProgram(program)! : join(programs, program);
  return asRoot ? ["setpriv", [...become(), path, ...words]] : [path, [...words]];
}
