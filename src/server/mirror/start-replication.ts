import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { isDigestTag } from "../../carry/sync/select-tags.ts";
import { isFault } from "../../std/fault.ts";
import type { ReplicationRule } from "../config/replication-section.ts";
import { readNamedFile } from "../config/values.ts";
import type { RegistryEvent } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import { openReplicatedPlace, type ReplicatedPlace } from "./replicated-place.ts";

/** How a rule is doing, in this process. Times in milliseconds since the epoch. */
export interface ReplicationStatus {
  /** `to registry.example.com`, with the patterns: there is one rule of that name. */
  readonly name: string;
  readonly rule: Pick<ReplicationRule, "to" | "from" | "repositories">;
  copied: number;
  failed: number;
  /** When both sides were last found or made the same. */
  doneAt: number | undefined;
  /** What fails, and why the last attempt of it did, the newest last; what succeeds is none any more. */
  readonly problems: Map<string, string>;
}

export interface Replication extends AsyncDisposable {
  status(): readonly ReplicationStatus[];
}

const AT_ONCE = 100;
const POLL = 500;
/** Between two attempts: doubled each time, and up to a half less. In milliseconds. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 5 * 60_000;
/** What is left out after how many attempts; a registry that cannot be reached is waited for. */
const ATTEMPTS = 5;
const ATTEMPTS_OF_TROUBLE = 20;
/** Problems that are remembered. */
const PROBLEMS = 100;
const WAITED_FOR = ["REGISTRY_UNREACHABLE", "REGISTRY_TIMEOUT"];
const TROUBLE = ["REGISTRY_SERVER_ERROR", "REGISTRY_LIMIT", "BLOB_TRUNCATED"];

/**
 * The section `replication` at work: each rule compares everything when the server starts and every interval; with `to` it also follows
 * the log of changes, from where its cursor is.
 * @throws SERVER_CONFIG_UNREADABLE for files that it names
 */
export function startReplication(rules: readonly ReplicationRule[], options: { storage: RegistryStorage; immutable: ImmutableTags; configFile: string; report: (problem: Error) => void }): Replication {
  const { configFile, ...shared } = options;
  const stop = new AbortController();
  const opened = rules.map((rule) => ({
    rule,
    place: openReplicatedPlace(rule, {
      ...shared,
      password: rule.passwordFile === undefined ? rule.password : readNamedFile(configFile, rule.passwordFile).replace(/\r?\n$/, ""),
      certificates: rule.ca === undefined ? [] : [readNamedFile(configFile, rule.ca)],
    }),
  }));
  const statuses = opened.map(({ rule, place }): ReplicationStatus => ({ name: `${rule.to === undefined ? "from" : "to"} ${place.host}: ${rule.repositories.join(", ")}`, rule, copied: 0, failed: 0, doneAt: undefined, problems: new Map() }));
  const work = Promise.all(opened.map(({ rule, place }, index) => serveRule(rule, place, { ...shared, status: statuses[index]!, signal: stop.signal })));
  return {
    status: () => statuses,
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the registry is being stopped"));
      await work;
      await Promise.all(opened.map(({ place }) => place[Symbol.asyncDispose]()));
    },
  };
}

interface RuleContext {
  readonly storage: RegistryStorage;
  readonly report: (problem: Error) => void;
  readonly status: ReplicationStatus;
  readonly signal: AbortSignal;
}

async function serveRule(rule: ReplicationRule, place: ReplicatedPlace, context: RuleContext): Promise<void> {
  const { storage: { metadata }, status, signal, report } = context;
  const reader = `replication ${createHash("sha256").update(JSON.stringify([rule.to, rule.repositories])).digest("base64url").slice(0, 22)}`;
  let after: number | undefined;
  let nextWhole = 0;
  while (!signal.aborted) {
    try {
      if (rule.to !== undefined) after ??= await metadata.cursor(reader);
      if (Date.now() >= nextWhole) {
        await compareAll(place, context);
        nextWhole = rule.interval === 0 ? Number.POSITIVE_INFINITY : Date.now() + rule.interval;
      }
      if (after !== undefined) {
        const events = await metadata.events({ after, limit: AT_ONCE });
        for (const [repository, tags] of await touchedBy(events, place, context)) {
          const wanted = new Set(await place.tags(repository, signal));
          for (const tag of tags) if (wanted.has(tag)) await persist(`${repository}:${tag}`, context, () => copyOne(place, repository, tag, context));
        }
        if (signal.aborted) return;
        if (events.length > 0) {
          after = events.at(-1)!.id;
          await metadata.moveCursor(reader, after);
          if (status.problems.size === 0) status.doneAt = Date.now();
        }
        if (events.length === AT_ONCE) continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      report(error as Error);
    }
    await pause(POLL, signal);
  }
}

async function compareAll(place: ReplicatedPlace, context: RuleContext): Promise<void> {
  const { signal, status } = context;
  status.problems.clear();
  const names: string[] = [];
  const listed = await persist("its repositories", context, async () => {
    names.length = 0;
    for await (const name of place.repositories(signal)) names.push(name);
  });
  let whole = listed;
  for (const repository of names) {
    let tags: readonly string[] = [];
    whole = (await persist(repository, context, async () => void (tags = await place.tags(repository, signal)))) && whole;
    for (const tag of tags) whole = (await persist(`${repository}:${tag}`, context, () => copyOne(place, repository, tag, context))) && whole;
  }
  if (whole) status.doneAt = Date.now();
}

async function copyOne(place: ReplicatedPlace, repository: string, tag: string, { status, signal }: RuleContext): Promise<void> {
  if ((await place.copy(repository, tag, signal)) === "copied") status.copied += 1;
}

/** Tags that events say something new of: they were set, or something was attached to what they name. */
async function touchedBy(events: readonly RegistryEvent[], place: ReplicatedPlace, { storage: { metadata } }: RuleContext): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const touched = new Map<string, Set<string>>();
  for (const { action, repository, tag, digest } of events) {
    if (!place.covers(repository)) continue;
    const named: string[] = [];
    if ((action === "tag.create" || action === "tag.move" || action === "tag.restore") && tag !== undefined) {
      const subject = isDigestTag(tag) ? /^(sha\d+)-([a-f0-9]+)/.exec(tag)?.slice(1).join(":") : undefined;
      named.push(...(subject === undefined ? [tag] : await metadata.tagsOf(repository, subject as `sha256:${string}`)));
    }
    if (action === "manifest.push" && digest !== undefined) {
      const subject = (await metadata.manifest(repository, digest))?.subject;
      if (subject !== undefined) named.push(...(await metadata.tagsOf(repository, subject)));
    }
    if (named.length > 0) touched.set(repository, new Set([...(touched.get(repository) ?? []), ...named]));
  }
  return touched;
}

/** Tries until it is done. False when it is given up, or the server stops. */
async function persist(what: string, { status, report, signal }: RuleContext, work: () => Promise<void>): Promise<boolean> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await work();
      status.problems.delete(what);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const gaveUp = attempt >= attemptsFor(error);
      const reason = (error as Error).message.slice(0, 500);
      status.failed += 1;
      status.problems.delete(what);
      status.problems.set(what, reason);
      if (status.problems.size > PROBLEMS) status.problems.delete(status.problems.keys().next().value!);
      if (attempt === 1 || gaveUp) report(new Error(`the replication ${status.name} failed for ${what}: ${reason}; ${gaveUp ? "it is left out until everything is compared again" : "it is tried again"}`, { cause: error }));
      if (gaveUp) return false;
      await pause(Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT) * (1 - Math.random() / 2), signal);
    }
  }
  return false;
}

function attemptsFor(error: unknown): number {
  if (!isFault(error)) return ATTEMPTS;
  return WAITED_FOR.includes(error.code) ? Number.POSITIVE_INFINITY : TROUBLE.includes(error.code) ? ATTEMPTS_OF_TROUBLE : ATTEMPTS;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}
