import type { FaultSpec } from "./fault-spec.ts";
import { faultTable } from "./fault-table.ts";

/** The row of the fault table with that code. The bundle has a version of this file of its own (scripts/bundle.cjs), as hardly any command meets a fault. */
export function faultRow(code: keyof typeof faultTable): FaultSpec<unknown> {
  return faultTable[code] as FaultSpec<unknown>;
}
