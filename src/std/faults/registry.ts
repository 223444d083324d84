import { spec } from "../fault-spec.ts";

/** Faults of the registry station. */
export const registryFaults = {
} as const;
