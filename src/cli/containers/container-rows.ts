import type { ContainerRecord } from "../../store/container-record.ts";
import { idsOf } from "../../store/image-record.ts";
import type { Store } from "../../store/open-store.ts";
import { humanSize } from "../../std/human-size.ts";
import { isFault } from "../../std/fault.ts";
import { createdSince, goTime } from "../images/human-time.ts";
import { commandText, portsText, statusText } from "./container-state.ts";
import { folderBytes } from "./folder-bytes.ts";

export const containerHeaders = {
  Command: "COMMAND", CreatedAt: "CREATED AT", ID: "CONTAINER ID", Image: "IMAGE", Labels: "LABELS", LocalVolumes: "LOCAL VOLUMES", Mounts: "MOUNTS",
  Names: "NAMES", Networks: "NETWORKS", Ports: "PORTS", RunningFor: "CREATED", Size: "SIZE", State: "STATE", Status: "STATUS",
} as const;

/** A line of `sampan ps`, with the fields of docker's formatter in the order of its JSON. */
export type ContainerRow = Readonly<Record<keyof typeof containerHeaders, string>>;

export function containerRow(record: ContainerRecord, store: Store, options: { truncate: boolean; size: boolean; now: number }): ContainerRow {
  const { truncate, size, now } = options;
  const { spec } = record;
  const mounts = spec.job.mounts.map(({ source }) => (truncate && source.length > 15 ? `${source.slice(0, 14)}…` : source));
  return {
    Command: commandText(record, truncate),
    CreatedAt: goTime(record.createdAt),
    ID: truncate ? record.id.slice(0, 12) : record.id,
    Image: imageName(record, store, truncate),
    Labels: Object.entries(spec.labels).map(([name, value]) => `${name}=${value}`).sort().join(","),
    LocalVolumes: "0",
    Mounts: mounts.join(","),
    Names: record.name,
    Networks: spec.job.network === "default" ? "bridge" : spec.job.network,
    Ports: portsText(record),
    RunningFor: createdSince(record.createdAt, now),
    Size: size ? humanSize(folderBytes(store.containers.layer(record.id).upper), 3) : "0B",
    State: record.state,
    Status: statusText(record, now),
  };
}

/** The name that the image was asked for by, as long as it still means that image; else its id. */
function imageName({ spec, image }: ContainerRecord, store: Store, truncate: boolean): string {
  try {
    if (idsOf(store.images.target(spec.imageName)).includes(image)) return spec.imageName;
  } catch (error) {
    if (!isFault(error)) throw error;
  }
  return truncate ? image.slice(7, 19) : image;
}
