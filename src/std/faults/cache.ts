import { spec } from "../fault-spec.ts";

/** Faults of caches that are kept elsewhere. */
export const cacheFaults = {
  CACHE_FOREIGN: spec<{ cache: string; maker?: string; image?: boolean }>({
    when: "What --cache-from names is no cache of Sampan: an image without one, or the cache of another builder. The build goes on without it.",
    exit: 1,
    message: ({ cache, maker, image }) => (maker ? `${cache} is a cache of ${maker}` : image ? `${cache} is an image and holds no cache` : `${cache} is no cache`),
    hint: ({ maker, image }) =>
      maker ? `the keys of ${maker} mean nothing to Sampan; give its own cache another name, and write it with --cache-to`
        : image ? "an image holds one when it was built with --cache-to type=inline" : "write one with --cache-to",
  }),
  CACHE_EXPORT_FAILED: spec<{ cache: string; reason: string; mounts?: boolean }>({
    when: "A cache could not be written where --cache-to says, or cache mounts where --cache-mounts-to does. What was built is there.",
    exit: 1,
    message: ({ cache, reason, mounts }) => `the ${mounts ? "cache mounts" : "cache"} could not be written to ${cache}: ${reason}`,
    hint: ({ mounts }) => `ignore-error=true in ${mounts ? "--cache-mounts-to" : "--cache-to"} makes a warning of it`,
  }),
  LAYER_CLAIMED: spec<{ digest: string; claimed: string; found: string }>({
    when: "A cache says of a layer that it holds something else than it does. The step runs instead.",
    exit: 1,
    message: ({ digest, claimed, found }) => `the layer ${digest} should hold ${claimed} and holds ${found}`,
  }),
};
