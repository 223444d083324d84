import { spec } from "../fault-spec.ts";

/** Faults of the store station. */
export const storeFaults = {
} as const;
