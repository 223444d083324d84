import { spec } from "../fault-spec.ts";

/** Faults of the layer station. */
export const layerFaults = {
  SYMLINK_LOOP: spec<{ path: string }>({
    when: "A path inside an image or context goes through more than 255 symbolic links.",
    exit: 1,
    message: ({ path }) => `too many links: ${path} leads through symbolic links in a circle`,
  }),
} as const;
