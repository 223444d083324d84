import { fault, isFault, type FaultCode } from "./fault.ts";

/** An error as it crosses the boundary of a thread or process: faults keep their code and details. */
export interface PlainError {
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly path?: string;
  /** The second path of what has two. */
  readonly dest?: string;
  readonly fault?: { readonly code: FaultCode; readonly details: unknown };
  readonly cause?: PlainError;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, path, dest } = error as NodeJS.ErrnoException & { dest?: unknown };
  return {
    message: error.message,
    ...(error.stack !== undefined ? { stack: error.stack } : {}),
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof path === "string" ? { path } : {}),
    ...(typeof dest === "string" ? { dest } : {}),
    ...(isFault(error) ? { fault: { code: error.code, details: error.details } } : {}),
    ...(error.cause !== undefined ? { cause: plainError(error.cause) } : {}),
  };
}

export function reviveError(plain: PlainError): Error {
  const cause = plain.cause === undefined ? undefined : reviveError(plain.cause);
  if (plain.fault) return fault(plain.fault.code, plain.fault.details as never, cause ? { cause } : {});
  const error = new Error(plain.message, cause ? { cause } : undefined);
  if (plain.stack !== undefined) error.stack = plain.stack;
  return Object.assign(error, plain.code ? { code: plain.code } : {}, plain.path ? { path: plain.path } : {}, plain.dest ? { dest: plain.dest } : {});
}
