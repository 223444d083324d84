import { faultRow } from "./fault-row.ts";
import type { FaultSpec } from "./fault-spec.ts";
import type { faultTable } from "./fault-table.ts";

export type FaultCode = keyof typeof faultTable;
export type FaultDetails<Code extends FaultCode> =
  (typeof faultTable)[Code] extends FaultSpec<infer Details> ? Details : never;

/** A place in a text that a person wrote; lines are counted from 1, both ends included. */
export interface SourceLocation {
  readonly file: string;
  readonly text: string;
  readonly startLine: number;
  readonly endLine: number;
}

/** An error that a person can act on. Nothing secret may be put into its details. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly details: unknown;
  readonly hint: string | undefined;
  readonly exitStatus: number;
  readonly location: SourceLocation | undefined;

  constructor(code: FaultCode, details: unknown, options: { cause?: unknown; location?: SourceLocation } = {}) {
    const row = faultRow(code);
    super(row.message(details), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = details;
    this.hint = row.hint?.(details);
    this.exitStatus = row.exit;
    this.location = options.location;
  }
}

/** Makes the fault of that code: `throw fault("REGISTRY_DENIED", {…}, { cause })`. */
export function fault<Code extends FaultCode>(
  code: Code,
  details: FaultDetails<Code>,
  options: { cause?: unknown; location?: SourceLocation } = {},
): Fault {
  return new Fault(code, details, options);
}

/** Whether an error is a fault, of that code if one is given. */
export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}

/** The same fault with a place in a file, unless it has one already; other errors as they are. */
export function withLocation(error: unknown, location: SourceLocation): unknown {
  if (!isFault(error) || error.location) return error;
  return new Fault(error.code, error.details, { cause: error.cause, location });
}
