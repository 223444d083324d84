import { readFileSync } from "node:fs";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import type { ClientConfig } from "pg";

/** Where a database is, and how it is reached. */
export interface PostgresAddress {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`, as libpq knows it. */
  readonly url: string;
  /** File with the password, read again for each connection. */
  readonly passwordFile?: string | undefined;
  /** Connections at once. */
  readonly connections: number;
}

const SSL_MODES = ["disable", "require", "verify-ca", "verify-full"] as const;
const PARAMETERS = ["host", "port", "user", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/** What is wrong with a URL of a database, without saying what is in it; undefined when nothing is. */
export function addressProblem(text: string): string | undefined {
  if (!/^postgres(?:ql)?:\/\//.test(text) || !URL.canParse(text)) return "it is no URL of a database: write postgres://USER@HOST/DATABASE";
  const { searchParams, pathname } = new URL(text);
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) return `the parameter ${JSON.stringify(unknown)} means nothing here: it may be ${PARAMETERS.join(", ")}`;
  const mode = searchParams.get("sslmode");
  if (mode !== null && !SSL_MODES.includes(mode as (typeof SSL_MODES)[number])) return `sslmode may be ${SSL_MODES.join(", ")}`;
  if (!/^\/[^/]+$/.test(pathname)) return "it names no database: write postgres://USER@HOST/DATABASE";
  if (searchParams.has("sslcert") !== searchParams.has("sslkey")) return "sslcert and sslkey need each other";
  return undefined;
}

/** What messages call the database: without user and password. */
export function placeOf(url: string): string {
  const { host, database, port } = partsOf(url);
  return host.startsWith("/") ? `${database} at the socket in ${host}` : `${database} at ${host}:${port}`;
}

/**
 * Another machine is believed only with a certificate that is good for its name, unless the URL asks for less. Passwords come from the URL, the
 * file, or the variable PGPASSWORD.
 */
export function clientConfig({ url, passwordFile }: PostgresAddress): ClientConfig {
  const { host, port, user, password, database, query } = partsOf(url);
  return {
    host, port, database, ssl: tlsOf(query, host),
    ...(user === undefined ? {} : { user }),
    password: () => {
      const found = passwordFile === undefined ? (password ?? process.env["PGPASSWORD"]) : readFileSync(passwordFile, "utf8").trimEnd();
      if (found === undefined) throw new Error("it asks for a password, and none was given");
      return found;
    },
    application_name: "sampan registry",
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

function partsOf(url: string): { host: string; port: number; user: string | undefined; password: string | undefined; database: string; query: URLSearchParams } {
  const { hostname, port, username, password, pathname, searchParams: query } = new URL(url);
  const word = (text: string): string | undefined => (text === "" ? undefined : decodeURIComponent(text));
  return {
    host: query.get("host") ?? word(hostname)?.replace(/^\[(.*)\]$/, "$1") ?? "localhost",
    port: Number(query.get("port") ?? (port || 5432)),
    user: query.get("user") ?? word(username),
    password: word(password),
    database: decodeURIComponent(pathname.slice(1)),
    query,
  };
}

function tlsOf(query: URLSearchParams, host: string): false | ConnectionOptions {
  const isHere = host.startsWith("/") || /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/.test(host);
  const mode = query.get("sslmode") ?? (isHere ? "disable" : "verify-full");
  if (mode === "disable") return false;
  const file = (name: string): Buffer | undefined => (query.has(name) ? readFileSync(query.get(name)!) : undefined);
  const [ca, cert, key] = [file("sslrootcert"), file("sslcert"), file("sslkey")];
  return {
    rejectUnauthorized: mode !== "require",
    checkServerIdentity: mode === "verify-full" ? checkServerIdentity : () => undefined,
    ...(ca ? { ca } : {}),
    ...(cert && key ? { cert, key } : {}),
  };
}
