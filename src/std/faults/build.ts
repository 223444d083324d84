import { spec } from "../fault-spec.ts";

/** Faults of the build station. */
export const buildFaults = {
} as const;
