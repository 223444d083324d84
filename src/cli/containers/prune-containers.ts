import { fault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import type { Store } from "../../store/open-store.ts";
import { readMoment } from "../flags/read-moment.ts";
import { folderBytes } from "./folder-bytes.ts";

/** Removes all containers that do not run and pass docker's filters. @returns their ids and the bytes of what they had written */
export async function pruneContainers(store: Store, filters: readonly string[]): Promise<{ removed: string[]; bytes: number }> {
  const tests = filters.map((text) => tester(text, Date.now()));
  const removed: string[] = [];
  let bytes = 0;
  for (const record of store.containers.list()) {
    // One that another process is just making or starting is left to it.
    if (record.state === "running" || record.supervisor !== undefined || !tests.every((passes) => passes(record))) continue;
    const size = folderBytes(store.containers.layer(record.id).upper);
    if (!(await store.containers.remove(record.id))) continue;
    removed.push(record.id);
    bytes += size;
  }
  return { removed, bytes };
}

function tester(text: string, now: number): (record: ContainerRecord) => boolean {
  const [, key, not, value = ""] = /^(label|until)(!)?=(.*)$/s.exec(text) ?? [];
  if (key === "label") return ({ spec }) => hasLabel(spec.labels, value) === (not === undefined);
  const moment = key === "until" && not === undefined ? readMoment(value, now) : undefined;
  if (moment === undefined) throw fault("USAGE", { problem: `invalid filter '${text}'`, hint: "the filters are label=NAME[=VALUE], label!=NAME[=VALUE] and until=TIME" });
  return ({ createdAt }) => createdAt < moment;
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
}
