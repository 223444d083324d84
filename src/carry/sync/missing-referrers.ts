import type { Digest } from "../../oci/digest.ts";
import { together } from "../../registry/transfer/together.ts";
import { fault } from "../../std/fault.ts";
import { Semaphore } from "../../std/semaphore.ts";
import type { Document, Source } from "../place.ts";
import { readDocument } from "../read-document.ts";

const DEEPEST = 8;

/** How many referrers of an image, of its platforms' images, and of these referrers the source lists and the target does not. */
export async function missingReferrers(source: Source, target: Source, root: Document, signal: AbortSignal): Promise<number> {
  const read = readDocument(root, source.name);
  let subjects: readonly Digest[] = [root.digest, ...(read.kind === "index" ? read.index.manifests.map(({ digest }) => digest) : [])];
  const seen = new Set<Digest>(subjects);
  const budget = new Semaphore(6);
  let missing = 0;
  for (let depth = 0; subjects.length > 0; depth += 1) {
    if (depth === DEEPEST) throw fault("CARGO_LIMIT", { reference: source.name, problem: `its referrers are nested more than ${DEEPEST} deep` });
    const pairs = await together(subjects.map((digest) => (stop: AbortSignal) => budget.run(async () => {
      const listed = await source.referrerList(digest, stop);
      // Most images have none, and the target need not be asked about these.
      const there = listed.length === 0 ? [] : await target.referrerList(digest, stop);
      return { listed, there: new Set(there.map((referrer) => referrer.digest)) };
    }, stop)), signal);
    missing += pairs.reduce((sum, { listed, there }) => sum + listed.filter(({ digest }) => !there.has(digest)).length, 0);
    subjects = pairs.flatMap(({ listed }) => listed.map(({ digest }) => digest)).filter((digest) => !seen.has(digest) && seen.add(digest));
  }
  return missing;
}
