import { readFileSync } from "node:fs";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import type { ClientConfig } from "pg";
import { partsOf } from "../../terms/database-url.ts";

/** Where a database is, and how it is reached. */
export interface PostgresAddress {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…`, as libpq knows it. */
  readonly url: string;
  /** File with the password, read again for each connection. */
  readonly passwordFile?: string | undefined;
  /** Connections at once. */
  readonly connections: number;
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
      if (found === undefined || found === "") throw new Error("it asks for a password, and none was given");
      return found;
    },
    application_name: "sampan registry",
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
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
