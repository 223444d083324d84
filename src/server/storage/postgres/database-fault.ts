import { fault, isFault } from "../../../std/fault.ts";
import { RegistryError } from "../../terms/registry-error.ts";

/** Codes of PostgreSQL (appendix A of its manual) and of sockets that tell that the database cannot be asked at present. */
const LOST = /^(?:08...|57P0[1-5]|53300|53400|25006|25P03|ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT|EACCES)$/;
/** Waited for a lock in vain. */
const BUSY = "55P03";
/** What the client says of itself, without a code. */
const LOST_WORDS = /^(?:Connection terminated|Client (?:has encountered|was closed)|timeout exceeded|Query read timeout|Client network socket disconnected)/i;

/** Codes of a login or a database that will not become better by trying again. */
const REFUSED: Readonly<Record<string, string>> = {
  "28P01": "give the right password: in the URL, in `passwordFile`, or in the variable PGPASSWORD",
  "28000": "let pg_hba.conf of the database server admit this user from here, with or without TLS as `sslmode` says",
  "3D000": "make the database first: `createdb --owner USER DATABASE`",
  "42501": "make the user the owner of the database, or grant it CREATE on the database",
};

/** Whether the connection is gone, so that nobody knows more than that it was not answered. */
export function isLost(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return isFault(error, "SERVER_DATABASE_LOST") || LOST.test(code ?? "") || (code === undefined && LOST_WORDS.test(message ?? ""));
}

/** Two transactions that were in each other's way: one of them is to be repeated. */
export function isConflict(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "40001" || code === "40P01";
}

/** What the database says as a fault of ours; anything else as it is. */
export function databaseFault(error: unknown, place: string): unknown {
  const { code = "", message, syscall } = error as NodeJS.ErrnoException;
  if (isFault(error) || error instanceof RegistryError) return error;
  if (code === "53100") return fault("DISK_FULL", { path: place }, { cause: error });
  const hint = REFUSED[code];
  if (hint !== undefined) return fault("SERVER_DATABASE_REFUSED", { place, problem: message, hint }, { cause: error });
  if (syscall === "open") return fault("SERVER_DATABASE_REFUSED", { place, problem: message, hint: "name a file that this user may read" }, { cause: error });
  if (code === BUSY) return fault("SERVER_DATABASE_LOST", { place, problem: "others keep its records locked" }, { cause: error });
  if (isLost(error)) return fault("SERVER_DATABASE_LOST", { place, problem: message || code }, { cause: error });
  if (/password, and none was given$/.test(message)) return fault("SERVER_DATABASE_REFUSED", { place, problem: message, hint: REFUSED["28P01"]! }, { cause: error });
  if (/SSL|TLS|certificate|CERT/.test(`${message} ${code}`) || code.startsWith("ERR_TLS") || code.startsWith("DEPTH_ZERO") || code.startsWith("UNABLE_TO")) {
    return fault("SERVER_DATABASE_REFUSED", { place, problem: message, hint: "give `sslrootcert=FILE` with the certificate of its authority, or say with `sslmode` how much it has to prove" }, { cause: error });
  }
  return syscall === undefined ? error : fault("SERVER_DATABASE_LOST", { place, problem: message }, { cause: error });
}
