import { spec } from "../fault-spec.ts";

/** Faults of the server station. */
export const serverFaults = {
} as const;
