import { isDigestTag } from "../../carry/sync/named-tags.ts";
import { isFault } from "../../std/fault.ts";
import type { ReplicationRule } from "../config/replication-section.ts";
import type { RegistryEvent } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import { pause, waitAfter } from "../terms/pause.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { Trouble } from "../terms/trouble.ts";
import { deletionsHeld } from "./deletion-hold.ts";
import type { ReplicatedMark } from "./replicated-mark.ts";
import type { ReplicatedPlace } from "./replicated-place.ts";
import { problemOf, REPOSITORY_LIST } from "./replication-problem.ts";
import { readerOf, readStatus, wishedRun, writeStatus, type ReplicationStatus } from "./replication-notes.ts";

const AT_ONCE = 100;
const POLL = 500;
/** What is left out after how many attempts; a registry that cannot be reached is waited for. */
const ATTEMPTS = 5;
const ATTEMPTS_OF_TROUBLE = 20;
/** Problems that are remembered. */
const PROBLEMS = 100;
const WAITED_FOR = ["REGISTRY_UNREACHABLE", "REGISTRY_TIMEOUT"];
const TROUBLE = ["REGISTRY_SERVER_ERROR", "REGISTRY_LIMIT", "BLOB_TRUNCATED"];

export interface RuleContext {
  readonly rule: ReplicationRule;
  readonly place: ReplicatedPlace;
  readonly mark: ReplicatedMark;
  readonly storage: Pick<RegistryStorage, "metadata">;
  readonly report: (problem: Error) => void;
  readonly status: ReplicationStatus;
  readonly signal: AbortSignal;
}

/** Keeps both sides of a rule the same, until the signal ends it. */
export async function serveRule(context: RuleContext): Promise<void> {
  const { rule, place, storage: { metadata }, status, signal, report } = context;
  const reader = readerOf(rule);
  let after: number | undefined;
  let nextWhole = 0;
  while (!signal.aborted) {
    try {
      if (rule.to !== undefined) after ??= await metadata.cursor(reader);
      const wish = await wishedRun(metadata, rule);
      if (Date.now() >= nextWhole || wish !== status.met) {
        if (nextWhole === 0) await goOn(context);
        await compareAll(context);
        if (signal.aborted) return;
        status.met = wish;
        await writeStatus(metadata, rule, status);
        nextWhole = rule.interval === 0 ? Number.POSITIVE_INFINITY : Date.now() + rule.interval;
      }
      if (after !== undefined) {
        const events = await metadata.events({ after, limit: AT_ONCE });
        const deletes = await mayDelete(context);
        await context.mark.moveTo(events);
        for (const [repository, tags] of await touchedBy(events, context)) {
          const wanted = new Set(await place.tags(repository, signal));
          for (const tag of tags) {
            if (wanted.has(tag)) await persist(`${repository}:${tag}`, context, () => copyOne(repository, tag, context));
            else if (deletes) await persist(`${repository}:${tag}`, context, () => deleteOne(repository, tag, context));
          }
        }
        if (signal.aborted) return;
        if (events.length > 0) {
          after = events.at(-1)!.id;
          await metadata.moveCursor(reader, after);
          if (status.problems.size === 0) status.doneAt = Date.now();
          await writeStatus(metadata, rule, status);
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

/** Counts on from where the server before was. */
async function goOn({ rule, storage: { metadata }, status }: RuleContext): Promise<void> {
  const { copied, deleted, failed, doneAt } = await readStatus(metadata, rule);
  Object.assign(status, { copied, deleted, failed, doneAt });
}

async function compareAll(context: RuleContext): Promise<void> {
  const { place, rule, mark, signal, status, storage: { metadata } } = context;
  status.problems.clear();
  const begin = async (what: string): Promise<void> => {
    status.comparing = what;
    await writeStatus(metadata, rule, status);
  };
  await begin("the list of repositories");
  const names: string[] = [];
  const listed = await persist(REPOSITORY_LIST, context, async () => {
    names.length = 0;
    for await (const name of place.repositories(signal)) names.push(name);
  });
  let whole = listed;
  const deletes = await mayDelete(context);
  status.held = 0;
  for (const repository of names) {
    await begin(repository);
    if (rule.to !== undefined) await mark.moveToEnd(metadata);
    let tags: readonly string[] = [];
    let lost: readonly string[] = [];
    whole = (await persist(repository, context, async () => {
      tags = await place.tags(repository, signal);
      lost = rule.delete ? await place.lost(repository, signal) : [];
    })) && whole;
    for (const tag of tags) whole = (await persist(`${repository}:${tag}`, context, () => copyOne(repository, tag, context))) && whole;
    if (!deletes) status.held += lost.length;
    else for (const tag of lost) whole = (await persist(`${repository}:${tag}`, context, () => deleteOne(repository, tag, context))) && whole;
  }
  status.comparing = undefined;
  if (whole) status.doneAt = Date.now();
}

async function mayDelete({ rule, storage: { metadata } }: RuleContext): Promise<boolean> {
  return rule.delete && !(await deletionsHeld(metadata, rule));
}

async function copyOne(repository: string, tag: string, { place, status, signal }: RuleContext): Promise<void> {
  if ((await place.copy(repository, tag, signal)) === "copied") status.copied += 1;
}

async function deleteOne(repository: string, tag: string, { place, status, signal }: RuleContext): Promise<void> {
  if (await place.remove(repository, tag, signal)) status.deleted += 1;
}

/** Tags that events say something new of: they were set or deleted, or something was attached to what they name. */
async function touchedBy(events: readonly RegistryEvent[], { place, rule, storage: { metadata } }: RuleContext): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const touched = new Map<string, Set<string>>();
  for (const { action, repository, tag, digest } of events) {
    if (!place.covers(repository)) continue;
    const named: string[] = [];
    if (setsTag(action) && tag !== undefined) {
      const subject = isDigestTag(tag) ? /^(sha\d+)-([a-f0-9]+)/.exec(tag)?.slice(1).join(":") : undefined;
      named.push(...(subject === undefined ? [tag] : await metadata.tagsOf(repository, subject as `sha256:${string}`)));
    }
    if (rule.delete && action === "tag.delete" && tag !== undefined && !isDigestTag(tag)) named.push(tag);
    if (action === "manifest.push" && digest !== undefined) {
      const subject = (await metadata.manifest(repository, digest))?.subject;
      if (subject !== undefined) named.push(...(await metadata.tagsOf(repository, subject)));
    }
    if (named.length > 0) touched.set(repository, new Set([...(touched.get(repository) ?? []), ...named]));
  }
  return touched;
}

export function setsTag(action: RegistryEvent["action"]): boolean {
  return action === "tag.create" || action === "tag.move" || action === "tag.restore";
}

/** Tries until it is done. False when it is given up, or the server stops. */
async function persist(what: string, context: RuleContext, work: () => Promise<void>): Promise<boolean> {
  const { rule, status, report, signal, storage: { metadata } } = context;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await work();
      status.problems.delete(what);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const gaveUp = attempt >= attemptsFor(error);
      const problem = problemOf(error as Error);
      status.failed += 1;
      status.problems.delete(what);
      status.problems.set(what, problem);
      if (status.problems.size > PROBLEMS) status.problems.delete(status.problems.keys().next().value!);
      status.waits = !gaveUp;
      await writeStatus(metadata, rule, status);
      if (attempt === 1 || gaveUp) report(new Trouble(`the replication ${status.name} failed for ${what}: ${problem.reason}; ${gaveUp ? "it is left out until everything is compared again" : "it is tried again"}`, { cause: error }));
      if (gaveUp) return false;
      await pauseUnlessWished(waitAfter(attempt), context);
      status.waits = false;
    }
  }
  return false;
}

/** Who wishes a run now does not wait for the end of a long pause. */
async function pauseUnlessWished(milliseconds: number, { rule, signal, storage: { metadata } }: RuleContext): Promise<void> {
  const before = await wishedRun(metadata, rule);
  for (const end = Date.now() + milliseconds; Date.now() < end && !signal.aborted; ) {
    await pause(Math.min(POLL, end - Date.now()), signal);
    if ((await wishedRun(metadata, rule)) !== before) return;
  }
}

function attemptsFor(error: unknown): number {
  if (error instanceof RegistryError && error.code === "DENIED") return 1; // an immutable tag here stays one
  if (!isFault(error)) return ATTEMPTS;
  return WAITED_FOR.includes(error.code) ? Number.POSITIVE_INFINITY : TROUBLE.includes(error.code) ? ATTEMPTS_OF_TROUBLE : ATTEMPTS;
}
