import { fault, type Fault } from "../../std/fault.ts";

/** Why no whole answer came. `wrong-protocol`: the other side speaks TLS where we spoke plain HTTP, or the reverse. */
export type ConnectionProblem = "refused" | "unknown-host" | "unresolved" | "broken" | "timeout" | "certificate" | "client-certificate" | "wrong-protocol" | "malformed";

/** A failed connection, before it is decided whether to try again; {@link toFault} makes it readable. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly problem: ConnectionProblem;
  readonly url: URL;
  /** What was waited for and how long in milliseconds, for `timeout`. */
  readonly waited: { readonly what: string; readonly milliseconds: number } | undefined;

  constructor(problem: ConnectionProblem, message: string, url: URL, cause: unknown, waited?: { what: string; milliseconds: number }) {
    super(message, { cause });
    this.problem = problem;
    this.url = url;
    this.waited = waited;
  }

  /** Whether the same request may succeed at once or soon. */
  get transient(): boolean {
    return this.problem === "broken" || this.problem === "timeout" || this.problem === "refused" || this.problem === "unresolved";
  }
}

const CERTIFICATE_REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "it is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "it was issued by an authority that this machine does not know",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "it was issued by an authority that this machine does not know",
  UNABLE_TO_GET_ISSUER_CERT: "it was issued by an authority that this machine does not know",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "it was issued by an authority that this machine does not know",
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet; check this machine's clock",
  CERT_UNTRUSTED: "it is not trusted",
  CERT_REVOKED: "it was revoked",
};

/** Sorts what TLS and the sockets throw. */
export function connectionError(error: unknown, url: URL, { connectTimeout, proxy }: { readonly connectTimeout: number; readonly proxy?: string }): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const { code = "", message } = deepest(error);
  const make = (problem: ConnectionProblem, text: string, waited?: { what: string; milliseconds: number }): ConnectionError =>
    new ConnectionError(problem, text, url, error, waited);
  if (code === "ETIMEDOUT") return make("timeout", "connecting took too long", { what: "a connection", milliseconds: connectTimeout });
  if (proxy && /^(?:ENOTFOUND|EAI_\w+|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/.test(code)) {
    return make("refused", `the proxy ${proxy} cannot be reached (${code})`);
  }
  if (code === "EAI_AGAIN") return make("unresolved", "its name cannot be resolved at the moment");
  if (code === "ENOTFOUND" || code === "EAI_NODATA" || code === "EAI_NONAME") return make("unknown-host", "its name cannot be resolved");
  if (code === "ECONNREFUSED") return make("refused", "nothing listens there (connection refused)");
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return make("refused", "there is no route to it");
  if (CERTIFICATE_REASONS[code]) return make("certificate", CERTIFICATE_REASONS[code]);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return make("certificate", "it is for another host name");
  if (/_ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED)$/.test(code)) return make("client-certificate", `it ended the handshake: ${code.replace(/^.*_ALERT_/, "").replaceAll("_", " ").toLowerCase()}`);
  if (code === "HPE_HEADER_OVERFLOW") return make("malformed", "the headers of its answer are too long");
  if (code.startsWith("HPE_") || code === "EPROTO" || code.startsWith("ERR_SSL_")) {
    return make("wrong-protocol", url.protocol === "https:" ? "it does not speak TLS on this port" : "it does not speak plain HTTP on this port");
  }
  return make("broken", code === "ECONNRESET" || code === "EPIPE" ? "it closed the connection" : message);
}

/** @param host the registry's name as the user knows it */
export function toFault(error: ConnectionError, host: string): Fault {
  const where = error.url.host === host ? host : `${host} (${error.url.host})`;
  if (error.problem === "certificate") return fault("REGISTRY_CERTIFICATE", { host: where, reason: error.message }, { cause: error });
  if (error.problem === "client-certificate") return fault("CLIENT_CERTIFICATE", { host: where, name: error.url.host, missing: error.message.endsWith("required") }, { cause: error });
  if (error.problem === "timeout" && error.waited) {
    return fault("REGISTRY_TIMEOUT", { host: where, waitedFor: error.waited.what, seconds: error.waited.milliseconds / 1000 }, { cause: error });
  }
  const hint =
    error.problem === "wrong-protocol" && error.url.protocol === "https:" ? "if this registry has no TLS, allow plain HTTP with --insecure"
    : error.problem === "refused" ? "check that the registry is running and that the port is right"
    : undefined;
  return fault("REGISTRY_UNREACHABLE", { host: where, reason: error.message, ...(hint ? { hint } : {}) }, { cause: error });
}

/** The error that says most: happy eyeballs gathers one per address. */
function deepest(error: unknown): { code?: string; message: string } {
  let current = error as { code?: string; message: string; cause?: unknown; errors?: unknown[] };
  for (let depth = 0; depth < 5; depth += 1) {
    const inner = (current.cause ?? current.errors?.[0]) as typeof current | undefined;
    if (!(inner instanceof Error) || (inner as { code?: string }).code === undefined) break;
    current = inner;
  }
  return { ...(typeof current.code === "string" ? { code: current.code } : {}), message: current.message ?? String(error) };
}
