import type { DigestSourcesOptions, FewSources, SourcesDigest, digestSources } from "../files/digest-sources.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { Store } from "../store/open-store.ts";

/** So much is read sooner than a worker is started, which is of no use either where the result turns out to be known. */
const FEW: FewSources = { entries: 2000, bytes: 16 * 1024 * 1024, milliseconds: 200 };
/** What each file whose digest is known adds to that: the file and some of its folder are looked at. */
const KNOWN = { entries: 2, milliseconds: 0.05 };

/**
 * Hashes what of a tree is selected; digests of unchanged files come from earlier builds.
 * @throws what {@link digestSources} throws
 */
export async function digestTree(store: Store, selected: Omit<DigestSourcesOptions, "known">, signal: AbortSignal): Promise<SourcesDigest> {
  const scope = selected.tree.layers[0] ?? "";
  const learn = ({ learned }: Pick<SourcesDigest, "learned">): void => learned.forEach(([key, digest]) => store.fileDigests.put(key, digest, scope));
  signal.throwIfAborted();
  const known = store.fileDigests.load(scope);
  const { digestFew } = await import("../files/digest-sources.ts");
  const few = digestFew({ ...selected, known }, {
    ...FEW, entries: FEW.entries + known.size * KNOWN.entries, milliseconds: FEW.milliseconds + known.size * KNOWN.milliseconds,
  });
  learn(few);
  if (few.result) return few.result;
  const all = new Map([...known, ...few.learned]);
  const result = await inWorker<Parameters<typeof digestSources>[0], SourcesDigest>("files/digest-sources.ts", "digestSources", { ...selected, known: all }, { signal });
  learn(result);
  return result;
}
