import { isFault, type Fault } from "../../std/fault.ts";
import type { Reference } from "../../oci/reference.ts";

type Mount<Rest extends unknown[], Result> = (reference: Reference, ...rest: Rest) => Promise<Result>;

/**
 * Mounts, but for registries that have left one without an answer: whoever carries many images would wait as long for each of them. They
 * get what the first one got, and send the blob.
 */
export function answeredMounts<Rest extends unknown[], Result>(mount: Mount<Rest, Result>): Mount<Rest, Result> {
  const silent = new Map<string, Fault>();
  return async (reference, ...rest) => {
    const known = silent.get(reference.host);
    if (known) throw known;
    try {
      return await mount(reference, ...rest);
    } catch (error) {
      if (isFault(error, "REGISTRY_TIMEOUT")) silent.set(reference.host, error);
      throw error;
    }
  };
}
