import { spec } from "../fault-spec.ts";

/** Faults of the image station. */
export const imageFaults = {
} as const;
