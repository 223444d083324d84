import { readSentence, sentenceOf, type Why } from "../std/why.ts";

/** Why a tag stays or goes. */
export const REASONS = {
  unspoken: "no rule speaks of it",
  immutable: "it is immutable",
  part: "it is a part of {image}",
  unkept: "nothing in {rules} keeps it",
  sameImage: "it names the same image as {tag}",
  belongsGoing: "it belongs to {image}, whose tags go",
  belongsStaying: "it belongs to {image}, which stays",
  belongsUntagged: "it belongs to {image}, which has no tag",
  byName: "its name is kept",
  lastPushed: "among the last {count} pushed",
  version: "it is a version",
  unreadable: "it looks like a version, and cannot be compared as one",
  pushedAgo: "pushed {age} ago",
  pulledAgo: "pulled {age} ago",
  referred: "something refers to it",
  highest: "among the {count} highest versions",
  leads: "it leads to {version}",
  notOlder: "not older than {version}",
  newestDates: "among the {count} newest dates",
  date: "it is a date",
  noRelease: "there is no released version yet",
  goneElsewhere: "{host} has it no more",
} as const;

export type Reason = Why<keyof typeof REASONS> & {
  /** The rule that keeps it. */
  readonly rule?: string;
};

export function because(code: Reason["code"], values: Readonly<Record<string, string | number>> = {}): Reason {
  return { code, values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])) };
}

export function describeReasons(reasons: readonly Reason[]): string {
  return reasons.map((reason) => `${sentenceOf(REASONS, reason)}${reason.rule === undefined ? "" : ` (${reason.rule})`}`).join("; ");
}

/** What {@link describeReasons} has written, by codes; nothing for other words. */
export function readReasons(text: string): readonly Reason[] {
  const reasons = text.split("; ").map((part) => readReason(part) ?? readReason(...splitRule(part)));
  return reasons.includes(undefined) ? [] : (reasons as Reason[]);
}

function splitRule(text: string): [sentence: string, rule?: string] {
  const [, sentence, rule] = /^(.*) \(([^()]*)\)$/.exec(text) ?? [];
  return sentence === undefined ? [text] : [sentence, rule!];
}

function readReason(text: string, rule?: string): Reason | undefined {
  const why = readSentence(REASONS, text);
  return why && { ...why, ...(rule === undefined ? {} : { rule }) };
}
