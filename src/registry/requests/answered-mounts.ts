import { isFault, type Fault } from "../../std/fault.ts";
import type { Reference } from "../../oci/reference.ts";

type Mount<Rest extends unknown[], Result> = (reference: Reference, ...rest: Rest) => Promise<Result>;

/** Milliseconds that a registry is asked for no mount: a server keeps its client for months, and its network may have been what was silent. */
const LASTING = 3_600_000;

/**
 * Mounts, but for registries that have left one without an answer within the last hour: whoever carries many images would wait as long for
 * each of them. They get what the first one got, and send the blob.
 */
export function answeredMounts<Rest extends unknown[], Result>(mount: Mount<Rest, Result>, now: () => number): Mount<Rest, Result> {
  const silent = new Map<string, { readonly fault: Fault; readonly at: number }>();
  return async (reference, ...rest) => {
    const known = silent.get(reference.host);
    if (known && now() - known.at < LASTING) throw known.fault;
    try {
      return await mount(reference, ...rest);
    } catch (error) {
      if (isFault(error, "REGISTRY_TIMEOUT")) silent.set(reference.host, { fault: error, at: now() });
      throw error;
    }
  };
}
