import { humanSize } from "../../std/human-size.ts";
import type { DiskUsage, KindUsage } from "../../store/disk-usage.ts";
import { idsOf } from "../../store/image-record.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import { humanDuration } from "../images/human-time.ts";
import { imageRows, shortId, type ImageRow } from "../images/image-rows.ts";

export const usageHeaders = { Type: "TYPE", TotalCount: "TOTAL", Active: "ACTIVE", Size: "SIZE", Reclaimable: "RECLAIMABLE" } as const;
export const usageTable = "{{.Type}}\\t{{.TotalCount}}\\t{{.Active}}\\t{{.Size}}\\t{{.Reclaimable}}";

/** A line of `system df`. */
export function usageRow(type: string, { count, active, size, reclaimable }: KindUsage, options: { readonly percent: boolean }): Record<string, string> {
  const percent = options.percent && size > 0 ? ` (${Math.trunc((reclaimable * 100) / size)}%)` : "";
  return { Active: String(active), Reclaimable: `${humanSize(reclaimable)}${percent}`, Size: humanSize(size), TotalCount: String(count), Type: type };
}

export const imageUsageTable =
  "{{.Repository}}\\t{{.Tag}}\\t{{.ID}}\\t{{if .CreatedSince}}{{.CreatedSince}}{{else}}N/A{{end}}\\t{{.Size}}\\t{{.SharedSize}}\\t{{.UniqueSize}}\\t{{.Containers}}";

/** The images of `system df -v`: what they share with others, and what is theirs alone. */
export function imageUsageRows(images: readonly ImageRecord[], { shared }: DiskUsage, options: { readonly containers: ReadonlyMap<string, number>; readonly now: number }): ImageRow[] {
  return images.flatMap((image) => {
    const common = Math.min(image.size, shared.get(image.id) ?? 0);
    return imageRows(image, { digests: false, truncate: true, now: options.now }).map((row) => ({
      ...row,
      Size: humanSize(image.size, 3),
      SharedSize: humanSize(common),
      UniqueSize: humanSize(image.size - common),
      Containers: String(idsOf(image).reduce((sum, id) => sum + (options.containers.get(id) ?? 0), 0)),
    }));
  });
}

export const containerUsageTable = "{{.ID}}\\t{{.Image}}\\t{{.Command}}\\t{{.LocalVolumes}}\\t{{.Size}}\\t{{.RunningFor}}\\t{{.Status}}\\t{{.Names}}";

export const cacheHeaders = {
  ID: "CACHE ID", CacheType: "CACHE TYPE", Size: "SIZE", CreatedSince: "CREATED", LastUsedSince: "LAST USED", Shared: "SHARED", InUse: "IN USE", Description: "STEP",
} as const;
export const cacheTable = "{{.ID}}\\t{{.CacheType}}\\t{{.Size}}\\t{{.CreatedSince}}\\t{{.LastUsedSince}}\\t{{.Shared}}\\t{{.Description}}";

/** The cache records of `system df -v`, the one used last first. */
export function cacheUsageRows({ records, mounts }: DiskUsage, now: number): Record<string, string>[] {
  return [...records, ...mounts].sort((a, b) => b.usedAt - a.usedAt || b.createdAt - a.createdAt).map((record) => {
    if ("number" in record) return mountRow(record, now);
    // A slot is made of the project, the stage, the step's number and its kind (graph/evaluation.ts).
    const [, stage, step, kind] = record.slot.split("/");
    return {
      CacheType: kind ?? "step",
      CreatedSince: `${humanDuration(now - record.createdAt)} ago`,
      Description: step === undefined ? "" : `${stage} ${step}`,
      ID: shortId(record.key),
      InUse: String(record.inUse),
      LastUsedSince: `${humanDuration(now - record.usedAt)} ago`,
      Shared: String(record.shared),
      Size: humanSize(record.size),
    };
  });
}

/** A cache of RUN, which docker calls exec.cachemount. */
function mountRow(mount: DiskUsage["mounts"][number], now: number): Record<string, string> {
  return {
    CacheType: "exec.cachemount",
    CreatedSince: `${humanDuration(now - mount.createdAt)} ago`,
    Description: mount.description,
    ID: mountId(mount.number),
    InUse: String(mount.inUse),
    LastUsedSince: `${humanDuration(now - mount.usedAt)} ago`,
    Shared: "false",
    Size: humanSize(mount.size),
  };
}

/** What commands call a cache of RUN. */
export function mountId(number: number): string {
  return `mount-${number}`;
}
