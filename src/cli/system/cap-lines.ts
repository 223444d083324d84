import { humanSize } from "../../std/human-size.ts";
import type { DiskUsage, KindUsage } from "../../store/disk-usage.ts";
import type { MaxSize } from "../../store/max-size.ts";

export interface CapOptions {
  readonly root: string;
  readonly cap: MaxSize;
  /** Bytes of interrupted pulls. */
  readonly partial: number;
  /** What repairs have set aside. */
  readonly aside: { readonly paths: readonly string[]; readonly bytes: number };
  readonly containers: KindUsage;
}

/** What stands below the table of `system df`: the cap, what can go by which command, and why the rest stays. */
export function capLines({ kept, counts }: DiskUsage, { root, cap, partial, aside, containers }: CapOptions): string[] {
  const total = Object.values(kept).reduce((sum, bytes) => sum + bytes, partial + aside.bytes + containers.size);
  const of = cap.source === "default" ? "the default of store.max-size" : `store.max-size in ${cap.source}`;
  const limit = cap.bytes === Infinity ? `and has no limit (${of})` : `of at most ${humanSize(cap.bytes)} (${cap.written}, ${of})`;
  const listed = (parts: readonly [number, string][]): string => parts.filter(([bytes]) => bytes > 0).map(([bytes, what]) => `${humanSize(bytes)} ${what}`).join(", ");
  const free = listed([
    [kept.cache, "of build cache (sampan builder prune)"],
    [kept.dangling, `of ${several(counts.dangling, "image")} without a name, with the cache of their steps (sampan system prune)`],
    [containers.reclaimable, "of containers that have ended (sampan container prune)"],
    [partial, "of interrupted pulls (sampan system prune)"],
    [kept.nothing, "that nothing needs (any prune)"],
  ]);
  const stays = listed([
    [kept.named, `of ${several(counts.named, "image")} with a name (sampan rmi, sampan image prune -a)`],
    [kept.inUse, "in use by running processes, mounts or containers"],
    [containers.size - containers.reclaimable, "of containers that run"],
    [kept.database, "of records"],
    [aside.bytes, `that repairs have set aside (look through ${aside.paths.join(" and ")}, then sampan system prune --lost)`],
  ]);
  const over = total > cap.bytes && kept.cache + kept.dangling + kept.nothing + partial + containers.reclaimable < total - cap.bytes;
  return [
    `The store ${root} takes ${humanSize(total)} ${limit}.`,
    free === "" ? "Nothing can be freed without taking images away that have a name." : `Can be freed: ${free}.`,
    `Stays: ${stays}.`,
    ...(over ? ["That is more than the cap: only what has no name and is not in use is removed by itself."] : []),
  ];
}

function several(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
