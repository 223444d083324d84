import { spec } from "../fault-spec.ts";

/** Faults of the context station. */
export const contextFaults = {
} as const;
