import { createHash, randomUUID } from "node:crypto";
import { parseObject } from "../../oci/manifest.ts";
import { nameOfRule, type ReplicationRule } from "../config/replication-section.ts";
import type { Notes } from "../storage/notes.ts";
import type { Why } from "../../std/why.ts";
import type { ReplicationProblem } from "./replication-problem.ts";

/** How a rule is doing. Times in milliseconds since the epoch. */
export interface ReplicationStatus {
  /** `to registry.example.com: prod/**`: there is one rule of that name. */
  readonly name: string;
  readonly rule: RuleName;
  copied: number;
  deleted: number;
  failed: number;
  /** When both sides were last found or made the same. */
  doneAt: number | undefined;
  /** What is being compared. */
  comparing: string | undefined;
  /** Whether it waits before it tries again what has failed. */
  waits: boolean;
  /** The last wish to compare everything at once that was met. */
  met: string | undefined;
  /** Deletions of the last comparison that are held back (deletion-hold.ts). */
  held: number;
  /** What fails, and why the last attempt of it did, the newest last; what succeeds is none any more. */
  readonly problems: Map<string, ReplicationProblem>;
}

/** Problems that others are told. */
const TOLD = 20;

/** What tells a rule from others. */
type RuleName = Pick<ReplicationRule, "name" | "to" | "from" | "repositories" | "tags" | "exclude" | "semver" | "latest">;

/** The name of the rule's cursor and notes; one for what it copies where, whatever else is changed in it. */
export function readerOf({ to, from, repositories, tags, exclude, semver, latest }: RuleName): string {
  const choice = [tags, exclude, semver, latest];
  const words = [...(to === undefined ? [null, repositories, from] : [to, repositories]), ...(choice.some((each) => each !== undefined) ? choice : [])];
  return `replication ${createHash("sha256").update(JSON.stringify(words)).digest("base64url").slice(0, 22)}`;
}

export function newStatus(rule: RuleName): ReplicationStatus {
  return {
    name: nameOfRule(rule), rule,
    copied: 0, deleted: 0, failed: 0, doneAt: undefined, comparing: undefined, waits: false, met: undefined, held: 0, problems: new Map(),
  };
}

/** What the server that has the rule says of it; as a new one where none has had it. */
export async function readStatus(notes: Notes, rule: RuleName): Promise<ReplicationStatus & { readonly known: boolean }> {
  const status = newStatus(rule);
  const text = await notes.note(readerOf(rule));
  if (text === undefined) return { ...status, known: false };
  const { problems, ...rest } = parseObject(Buffer.from(text), "the status of a replication") as unknown as Pick<ReplicationStatus, "copied" | "deleted" | "failed" | "doneAt" | "comparing" | "waits" | "met" | "held"> & { problems: [what: string, reason: string, why?: Why][] };
  return { ...status, ...rest, problems: new Map(problems.map(([what, reason, why]) => [what, { reason, ...(why ? { why } : {}) }])), known: true };
}

export function writeStatus(notes: Notes, rule: RuleName, { copied, deleted, failed, doneAt, comparing, waits, met, held, problems }: ReplicationStatus): Promise<void> {
  return notes.setNote(readerOf(rule), JSON.stringify({ copied, deleted, failed, doneAt, comparing, waits, met, held, problems: [...problems].slice(-TOLD).map(([what, { reason, why }]) => [what, reason, ...(why ? [why] : [])]) }));
}

const SERVED = "replication served";

/** Says which rules the server has that replicates now. */
export function noteServed(notes: Notes, rules: readonly RuleName[]): Promise<void> {
  return notes.setNote(SERVED, JSON.stringify(rules.map(readerOf)));
}

/** Whether the server that replicates has the rule; undefined where a server of an older version does, which does not say. */
export async function isServed(notes: Notes, rule: RuleName): Promise<boolean | undefined> {
  const text = await notes.note(SERVED);
  return text === undefined ? undefined : (JSON.parse(text) as string[]).includes(readerOf(rule));
}

/** Wishes that everything be compared now. @returns what {@link ReplicationStatus.met} says when it was done */
export async function wishRun(notes: Notes, rule: RuleName): Promise<string> {
  const wish = randomUUID();
  await notes.setNote(`${readerOf(rule)} wish`, wish);
  return wish;
}

export function wishedRun(notes: Notes, rule: RuleName): Promise<string | undefined> {
  return notes.note(`${readerOf(rule)} wish`);
}
