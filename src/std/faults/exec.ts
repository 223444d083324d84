import { spec } from "../fault-spec.ts";

/** Faults of the exec station. */
export const execFaults = {
} as const;
