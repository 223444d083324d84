import { spec } from "../fault-spec.ts";

/** Faults of the dockerfile station. */
export const dockerfileFaults = {
} as const;
