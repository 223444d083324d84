import { isFault, type Fault } from "../../std/fault.ts";
import type { Why } from "../../std/why.ts";
import { RegistryError } from "../terms/registry-error.ts";

/** Why an attempt of a replication failed: in words, and for the faults below and refusals by a code. */
export interface ReplicationProblem {
  readonly reason: string;
  readonly why?: Why;
}

/** Faults that the pages say in their own language, with what they tell of them. */
export const TOLD_FAULTS: Readonly<Record<string, readonly string[]>> = {
  REGISTRY_UNREACHABLE: ["host", "reason"], REGISTRY_TIMEOUT: ["host", "seconds"], REGISTRY_CERTIFICATE: ["host", "reason"], REGISTRY_UNAUTHORIZED: ["host"], REGISTRY_DENIED: ["host"],
  REGISTRY_LIMIT: ["host"], REGISTRY_SERVER_ERROR: ["host", "status"], REGISTRY_REFUSED: ["host", "status"], NAME_UNKNOWN: ["host", "repository"], MANIFEST_UNKNOWN: ["reference"],
  BLOB_UNKNOWN: ["host", "repository", "digest"],
};

/** What fails where the other registry does not say which repositories it has. */
export const REPOSITORY_LIST = "its repositories";

const LONGEST = 500;

export function problemOf(error: Error): ReplicationProblem {
  const why = whyOf(error);
  return { reason: error.message.slice(0, LONGEST), ...(why ? { why } : {}) };
}

function whyOf(error: Error): Why | undefined {
  if (error instanceof RegistryError) return (error.detail as { why?: Why } | undefined)?.why;
  const told = isFault(error) && Object.hasOwn(TOLD_FAULTS, error.code) ? TOLD_FAULTS[error.code] : undefined;
  if (!told) return undefined;
  const { code, details } = error as Fault;
  return { code, values: Object.fromEntries(told.map((name) => [name, String((details as Readonly<Record<string, unknown>>)[name] ?? "").slice(0, LONGEST)])) };
}
