import { printable } from "../../std/printable.ts";
import type { RegistryEvent } from "../storage/records.ts";

/** An event as other programs get it. */
export interface EventView {
  readonly id: number;
  /** RFC 3339. */
  readonly time: string;
  readonly action: string;
  readonly result: "done" | "failed" | "denied";
  readonly repository: string | undefined;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly agent: string | undefined;
  readonly detail: Readonly<Record<string, string>> | undefined;
}

export function eventView({ at, ...event }: RegistryEvent): EventView {
  const { action } = event;
  return {
    id: event.id, time: new Date(at).toISOString(), action,
    result: action === "login.fail" ? "failed" : action === "access.deny" ? "denied" : "done",
    repository: event.repository === "" ? undefined : event.repository,
    tag: event.tag, digest: event.digest, user: event.user, address: event.address, agent: event.agent, detail: event.detail,
  };
}

const LONGEST = 4000;

/** The same as a line for people; nothing of it can move the cursor. */
export function eventLine(event: RegistryEvent): string {
  const { time, action, result, repository, tag, digest, user, address, agent, detail } = eventView(event);
  return printable([
    time, action, ...(result === "done" ? [] : [`(${result})`]),
    ...(repository === undefined ? [] : [`${repository}${tag === undefined ? "" : `:${tag}`}`]),
    ...(digest === undefined ? [] : [digest.slice(0, 19)]),
    `by ${user ?? "somebody without a name"}`,
    ...(address === undefined ? [] : [`from ${address}`]),
    ...(agent === undefined ? [] : [`with ${agent}`]),
    ...Object.entries(detail ?? {}).map(([name, text]) => `${name}=${text}`),
  ].join(" "), LONGEST);
}
