import { fault } from "../../std/fault.ts";
import type { BuildRecord } from "../../store/build-record.ts";

/**
 * The build that a word means: a ref or the beginning of one, `^N` the one N builds before the last, nothing the last.
 * @throws BUILD_NOT_FOUND
 */
export function findBuild(records: readonly BuildRecord[], word: string | undefined): BuildRecord {
  const back = word === undefined || word === "" ? 0 : /^\^(\d*)$/.exec(word)?.[1];
  if (back !== undefined) {
    const found = records[Number(back === "" ? 1 : back)];
    if (found) return found;
    throw fault("BUILD_NOT_FOUND", { build: word ?? "", problem: records.length === 0 ? "no build has been recorded" : `${records.length} builds are recorded` });
  }
  // As buildx writes them with --format json: builder/node/ref.
  const ref = word!.slice(word!.lastIndexOf("/") + 1);
  const exact = records.find((record) => record.ref === ref);
  if (exact) return exact;
  const found = ref.length < 4 ? [] : records.filter((record) => record.ref.startsWith(ref));
  if (found.length === 1) return found[0]!;
  throw fault("BUILD_NOT_FOUND", { build: word!, problem: found.length > 1 ? `${found.length} builds begin like that` : "no record has that ref" });
}
