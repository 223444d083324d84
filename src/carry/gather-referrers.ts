import type { Digest } from "../oci/digest.ts";
import { together } from "../registry/transfer/together.ts";
import { fault } from "../std/fault.ts";
import type { Semaphore } from "../std/semaphore.ts";
import type { Gatherer } from "./gather.ts";
import type { Source } from "./place.ts";

/** A signature of an SBOM of an image is three deep. */
const DEEPEST = 8;

/** Adds what refers to the gathered manifests, and what refers to that. @returns how many referrers there are */
export async function gatherReferrers(source: Source, gatherer: Gatherer, options: { budget: Semaphore; signal: AbortSignal }): Promise<number> {
  const { budget, signal } = options;
  let subjects = new Set(gatherer.met);
  const seen = new Set<Digest>(subjects);
  let count = 0;
  for (let depth = 0; subjects.size > 0; depth += 1) {
    if (depth === DEEPEST) throw fault("CARGO_LIMIT", { reference: source.name, problem: `its referrers are nested more than ${DEEPEST} deep` });
    const lists = await together([...subjects].map((digest) => (stop: AbortSignal) => budget.run(() => source.referrerList(digest, stop), stop)), signal);
    const fresh = lists.flat().filter(({ digest }) => !seen.has(digest) && seen.add(digest));
    // One after the other: each has to come after its subject, and hostile lists stop at the gatherer's limits.
    for (const referrer of fresh) {
      const document = await source.manifestGet(referrer, signal);
      await gatherer.add(document, { signal, ...(referrer.tag === undefined ? {} : { tag: referrer.tag }) });
    }
    count += fresh.length;
    subjects = new Set(fresh.map(({ digest }) => digest));
  }
  return count;
}
