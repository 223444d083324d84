import { humanDuration } from "../images/human-time.ts";
import type { ContainerRecord, PublishedPort } from "../../store/container-record.ts";

/** docker's STATUS: `Up 2 minutes`, `Exited (0) 3 hours ago`, `Created`. */
export function statusText({ state, startedAt = 0, finishedAt = 0, exitCode }: ContainerRecord, now: number): string {
  if (state === "created") return "Created";
  if (state === "restarting") return `Restarting (${exitCode}) ${humanDuration(now - finishedAt)} ago`;
  if (state === "running") return `Up ${humanDuration(now - startedAt)}`;
  if (state === "paused") return `Up ${humanDuration(now - startedAt)} (Paused)`;
  return `Exited (${exitCode}) ${humanDuration(now - finishedAt)} ago`;
}

/** docker's PORTS: `0.0.0.0:8080->80/tcp, 443/tcp`; ports that are only exposed last. */
export function portsText({ running, spec }: ContainerRecord): string {
  const published = running?.ports ?? [];
  const open = spec.exposed.filter((port) => running !== undefined && !published.some(({ container, protocol }) => port === `${container}/${protocol}`));
  return [...published.map((port) => `${hostAddress(port)}->${port.container}/${port.protocol}`), ...open].join(", ");
}

/** `0.0.0.0:8080`, `[::1]:8080`. */
export function hostAddress({ address, host }: PublishedPort): string {
  const shown = address === "" ? "0.0.0.0" : address.includes(":") ? `[${address}]` : address;
  return `${shown}:${host}`;
}

/** The command as docker's COMMAND column shows it, quoted, and cut where it is long. */
export function commandText({ spec }: ContainerRecord, truncate: boolean): string {
  const [program, ...words] = spec.job.args;
  const text = [program, ...words.map((word) => (word.includes(" ") ? `'${word}'` : word))].join(" ");
  const letters = [...text];
  return JSON.stringify(truncate && letters.length > 20 ? `${letters.slice(0, 19).join("")}…` : text);
}
