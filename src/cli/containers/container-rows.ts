import type { ContainerRecord } from "../../store/container-record.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import { idsOf } from "../../store/image-record.ts";
import type { Store } from "../../store/open-store.ts";
import { humanSize } from "../../std/human-size.ts";
import { isFault } from "../../std/fault.ts";
import { createdSince, goTime } from "../images/human-time.ts";
import { withMethods } from "../template/with-methods.ts";
import { commandText, portsText, statusText } from "./container-state.ts";
import { folderBytes } from "./folder-bytes.ts";

export const containerHeaders = {
  Command: "COMMAND", CreatedAt: "CREATED AT", ID: "CONTAINER ID", Image: "IMAGE", Labels: "LABELS", LocalVolumes: "LOCAL VOLUMES", Mounts: "MOUNTS",
  Names: "NAMES", Networks: "NETWORKS", Platform: "PLATFORM", Ports: "PORTS", RunningFor: "CREATED", Size: "SIZE", State: "STATE", Status: "STATUS",
} as const;

/** For tables, where the heading of `{{.Label "com.example.team-name"}}` is `team name`. */
export const containerColumns = withMethods(containerHeaders, { Label: (name) => String(name).split(".").at(-1)!.replace(/[-_]/g, " ") });

/** A line of `sampan ps`, with the fields of docker's formatter in the order of its JSON. */
export type ContainerRow = Readonly<Record<Exclude<keyof typeof containerHeaders, "Platform">, string> & { Platform: object | null }>;

/** @param options.size what its SIZE says: what it has written itself, or also what the image has below; nothing is looked at without it */
export function containerRow(record: ContainerRecord, store: Store, options: { truncate: boolean; size?: "own" | "whole"; now: number }): ContainerRow {
  const { truncate, size, now } = options;
  const { spec } = record;
  const written = size === undefined ? 0 : folderBytes(store.containers.layer(record.id).upper);
  const below = size === "whole" ? store.images.get(record.image)?.size : undefined;
  const mounts = spec.job.mounts.map(({ source }) => (truncate && source.length > 15 ? `${source.slice(0, 14)}…` : source));
  const row = {
    Command: commandText(record, truncate),
    CreatedAt: goTime(record.createdAt),
    ID: truncate ? record.id.slice(0, 12) : record.id,
    Image: imageName(record, store, truncate),
    Labels: Object.entries(spec.labels).map(([name, value]) => `${name}=${value}`).sort().join(","),
    LocalVolumes: "0",
    Mounts: mounts.join(","),
    Names: record.name,
    Networks: spec.job.network === "default" ? "bridge" : spec.job.network,
    Platform: platformOf(store.images.get(record.image)?.config),
    Ports: portsText(record),
    RunningFor: createdSince(record.createdAt, now),
    Size: `${humanSize(written, 3)}${below === undefined ? "" : ` (virtual ${humanSize(below + written, 3)})`}`,
    State: record.state,
    Status: statusText(record, now),
  };
  return withMethods(row, { Label: (name) => spec.labels[String(name)] ?? "" });
}

/** As docker's API has it, which templates show as `linux/amd64`. */
function platformOf(platform: Platform | undefined): object | null {
  if (platform === undefined) return null;
  const { architecture, os, variant } = platform;
  const fields = { String: () => formatPlatform(platform), Architecture: architecture, OS: os, Variant: variant ?? "" };
  const hidden = Object.entries(fields).map(([name, value]) => [name, { value, enumerable: false }] as const);
  return Object.defineProperties({ architecture, os, ...(variant ? { variant } : {}) }, Object.fromEntries(hidden));
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
