import { fault, isFault } from "../../std/fault.ts";
import type { ContainerRecord } from "../../store/container-record.ts";
import { idsOf } from "../../store/image-record.ts";
import type { Store } from "../../store/open-store.ts";
import { hasLabel } from "../flags/has-label.ts";
import { parseFilter } from "../flags/parse-filter.ts";

const KEYS = ["id", "name", "label", "status", "exited", "ancestor", "restart-policy", "before", "since", "publish", "expose", "volume", "network", "health", "is-task"] as const;
type Key = (typeof KEYS)[number];

/**
 * The containers that pass docker's filters. Filters of different keys must all pass; of several values of a key one is
 * enough, but for `label`, where all have to be there.
 * @throws USAGE, CONTAINER_NOT_FOUND for `before` and `since`
 */
export function filterContainers(records: readonly ContainerRecord[], filters: readonly string[], store: Store): ContainerRecord[] {
  const parsed = filters.map((text) => parseFilter(text, KEYS, { example: "status=exited" }));
  const of = (key: Key): string[] => parsed.flatMap((filter) => (filter.key === key ? [filter.value] : []));
  const tests: ((record: ContainerRecord) => boolean)[] = of("label").map((wanted) => ({ spec }) => hasLabel(spec.labels, wanted));
  for (const key of KEYS) {
    const values = of(key);
    if (key === "label" || values.length === 0) continue;
    const each = values.map((value) => tester(key, value, store));
    tests.push((record) => each.some((passes) => passes(record)));
  }
  return records.filter((record) => tests.every((passes) => passes(record)));
}

/** Whether filters ask for containers that do not run, so that -a need not be given. */
export function asksForAll(filters: readonly string[]): boolean {
  return filters.some((text) => /^(?:status|exited)=/.test(text.trim().toLowerCase()));
}

function tester(key: Exclude<Key, "label">, value: string, store: Store): (record: ContainerRecord) => boolean {
  switch (key) {
    case "id": return ({ id }) => id.startsWith(value);
    case "name": return nameTester(value);
    case "status": return statusTester(value);
    case "exited": {
      if (!/^\d{1,3}$/.test(value)) throw fault("USAGE", { problem: `invalid filter 'exited=${value}'`, hint: "it is an exit status" });
      return ({ state, exitCode }) => state === "exited" && exitCode === Number(value);
    }
    case "ancestor": {
      const images = imageIds(value, store);
      return (record) => images.includes(record.image) || record.spec.imageName === value;
    }
    case "restart-policy": return ({ spec }) => (spec.restart?.name ?? "no") === value;
    case "before": {
      const { createdAt } = store.containers.find(value);
      return (record) => record.createdAt < createdAt;
    }
    case "since": {
      const { createdAt } = store.containers.find(value);
      return (record) => record.createdAt > createdAt;
    }
    case "publish": return ({ running }) => (running?.ports ?? []).some(({ host, protocol }) => matchesPort(value, host, protocol));
    case "expose": return ({ spec }) => spec.exposed.some((port) => port === value || port === `${value}/tcp`);
    case "volume": return ({ spec }) => spec.job.mounts.some(({ source, target }) => source === value || target === value);
    // No health checks are run here, and there are no tasks of services.
    case "health": return choiceTester(key, value, ["none", "starting", "healthy", "unhealthy"], "none");
    case "is-task": return choiceTester(key, value, ["true", "false"], "false");
    case "network": return ({ spec }) => (spec.job.network === "default" ? "bridge" : spec.job.network) === value;
  }
}

/** A regular expression, as docker takes it; what is none matches as it is written. */
function nameTester(value: string): (record: ContainerRecord) => boolean {
  try {
    const pattern = new RegExp(value);
    return ({ name }) => pattern.test(name) || pattern.test(`/${name}`);
  } catch {
    return ({ name }) => name.includes(value);
  }
}

function statusTester(value: string): (record: ContainerRecord) => boolean {
  requireKnown("status", value, ["created", "running", "exited", "paused", "restarting", "removing", "dead"]);
  return ({ state }) => state === value;
}

/** Where all containers are the same. */
function choiceTester(key: Key, value: string, known: readonly string[], all: string): () => boolean {
  requireKnown(key, value, known);
  return () => value === all;
}

function requireKnown(key: Key, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw fault("USAGE", { problem: `invalid filter '${key}=${value}'`, hint: `it is one of ${known.join(", ")}` });
}

function matchesPort(value: string, host: number, protocol: string): boolean {
  return value === String(host) || value === `${host}/${protocol}`;
}

function imageIds(name: string, store: Store): readonly string[] {
  try {
    return idsOf(store.images.target(name));
  } catch (error) {
    if (isFault(error, "IMAGE_NOT_FOUND") || isFault(error, "REFERENCE_INVALID")) return [];
    throw error;
  }
}
