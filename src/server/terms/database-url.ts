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

export interface DatabaseParts {
  /** A name or address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly query: URLSearchParams;
}

export function partsOf(url: string): DatabaseParts {
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
