import { isFault } from "../../std/fault.ts";

/** Error codes of distribution-spec ("Error Codes") and of this server, with the status each has unless told otherwise. */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  // Not in the specification: clients print the message of a code they do not know.
  TAG_INVALID: 400,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  REQUEST_INVALID: 400,
  ROUTE_UNKNOWN: 404,
  STORAGE_FULL: 507,
  UNAVAILABLE: 503,
  UPSTREAM_FAILED: 502,
  INTERNAL: 500,
} as const;

export type RegistryErrorCode = keyof typeof STATUS;

/** A request that cannot be answered as asked; becomes a status and a JSON body of distribution-spec's form. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: RegistryErrorCode;
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: RegistryErrorCode,
    message: string,
    options: { status?: number; detail?: unknown; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? STATUS[code];
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}

/**
 * What a client is told about an error: a full disk as 507, a database that another process holds for long or that does not answer, and a
 * storage that does not answer, as 503, anything unforeseen as 500 without its text.
 */
export function toRegistryError(error: unknown): RegistryError {
  if (error instanceof RegistryError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT" || isFault(error, "DISK_FULL")) {
    return new RegistryError("STORAGE_FULL", "the registry's disk is full; nothing of this request was kept", { cause: error });
  }
  if (isFault(error, "STORE_BUSY")) {
    return new RegistryError("UNAVAILABLE", "the registry's database is busy with something long; nothing of this request was kept", { headers: { "Retry-After": "5" }, cause: error });
  }
  if (isFault(error, "SERVER_DATABASE_LOST")) {
    return new RegistryError("UNAVAILABLE", "the registry's database does not answer; try again in a moment", { headers: { "Retry-After": "5" }, cause: error });
  }
  if (isFault(error, "S3_UNREACHABLE") || isFault(error, "S3_REFUSED") || isFault(error, "S3_LOGIN_MISSING")) {
    return new RegistryError("UNAVAILABLE", "the registry cannot get at its storage: try again later", { headers: { "Retry-After": "10" }, cause: error });
  }
  return new RegistryError("INTERNAL", "the registry failed to answer; its log says why", { cause: error });
}

/** `{"errors":[{code, message, detail?}]}` (distribution-spec, "Error Codes"). */
export function errorBody(error: RegistryError): string {
  return JSON.stringify({ errors: [{ code: error.code, message: error.message, ...(error.detail === undefined ? {} : { detail: error.detail }) }] });
}
