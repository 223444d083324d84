import { chainId } from "../../oci/chain-id.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import { humanSize } from "../../std/human-size.ts";
import { createdSince } from "./human-time.ts";
import { shortId } from "./image-rows.ts";

export const historyHeaders = {
  Comment: "COMMENT", CreatedAt: "CREATED AT", CreatedBy: "CREATED BY", CreatedSince: "CREATED", ID: "IMAGE", Size: "SIZE",
} as const;

export interface HistoryOptions {
  readonly truncate: boolean;
  /** Sizes and times for people, not as bytes and dates. */
  readonly human: boolean;
  readonly now: number;
}

/** The lines of `sampan history`, the newest first. Only the image itself has an id; steps of bases are `<missing>`. */
export function historyRows(image: ImageRecord, sizes: readonly number[], { truncate, human, now }: HistoryOptions): Record<string, string>[] {
  let layer = 0;
  const rows = (image.config.history ?? []).map((entry) => {
    const size = entry.empty_layer ? 0 : (sizes[layer++] ?? 0);
    const time = entry.created ? Date.parse(entry.created) : 0;
    const createdBy = (entry.created_by ?? "").replaceAll("\t", " ");
    const createdAt = time > 0 ? `${new Date(time).toISOString().slice(0, 19)}Z` : "";
    return {
      Comment: entry.comment ?? "",
      CreatedAt: createdAt,
      CreatedBy: truncate ? ellipsis(createdBy, 45) : createdBy,
      CreatedSince: human ? createdSince(time, now) : createdAt,
      ID: "<missing>",
      Size: human ? humanSize(size, 3) : String(size),
    };
  }).reverse();
  if (rows[0]) rows[0].ID = truncate ? shortId(image.id) : image.id;
  return rows;
}

/** Bytes of each layer's files, bottom first; of its blob where it was never unpacked. */
export function layerSizes(store: Store, image: ImageRecord): number[] {
  const diffIds = image.config.rootfs.diff_ids;
  return diffIds.map((diffId, index) =>
    store.snapshots.byChainId(chainId(diffIds.slice(0, index + 1))!)?.size ?? store.layers.find(diffId, {})?.size ?? 0);
}

function ellipsis(text: string, length: number): string {
  const chars = [...text];
  return chars.length <= length ? text : `${chars.slice(0, length - 1).join("")}…`;
}
