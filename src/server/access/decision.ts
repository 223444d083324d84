import { readSentence, sentenceOf, type Why } from "../../std/why.ts";
import type { Right } from "../terms/rights.ts";

/** Whether somebody may do something, and why. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
  /** The same by a code. */
  readonly why: Why<keyof typeof DECISIONS>;
}

/** `does` is what the right means, `grant` and `grants` are as {@link Grants.explain} writes them. */
export const DECISIONS = {
  open: "the configuration has no section `access`: everybody may do everything",
  everybody: "everybody may {does} {repository}: {grant}",
  loginNeeded: "nobody may {does} {repository} without a login: log in first",
  narrowToken: "{who} may not {does} {repository} with this token: it is good for {role} on {patterns} only",
  granted: "{who} may {does} {repository}: {grant}",
  hasOnly: "{who} may not {does} {repository}: has only {grants}",
  elsewhereOnly: "{who} may not {does} {repository}: has rights in other repositories only",
  noRights: "{who} may not {does} {repository}: has no rights at all",
  badRobot: "{who} may do nothing: it {problem}",
} as const;

const VERBS: Readonly<Record<Right, string>> = {
  pull: "pull from", push: "push to", retag: "move tags in", delete: "delete from", sign: "sign in", scan: "scan", admin: "administer",
};

export function decided(allowed: boolean, code: keyof typeof DECISIONS, values: Readonly<Record<string, string>> & { readonly right?: Right } = {}): Decision {
  return { allowed, reason: sentenceOf(DECISIONS, { code, values: { ...values, does: values.right === undefined ? "" : VERBS[values.right] } }), why: { code, values } };
}

/** The decision whose reason a text is, by its code; undefined for other words. */
export function readDecision(reason: string): Decision["why"] | undefined {
  const right = (does: string | undefined): string | undefined => Object.entries(VERBS).find(([, verb]) => verb === does)?.[0];
  const why = readSentence(DECISIONS, reason, ({ values: { does } }) => does === undefined || right(does) !== undefined);
  if (!why) return undefined;
  const { does, ...values } = why.values;
  return { code: why.code, values: { ...values, ...(does === undefined ? {} : { right: right(does)! }) } };
}

/** Where nobody is asked who they are. */
export const OPEN = decided(true, "open");
