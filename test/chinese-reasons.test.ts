import assert from "node:assert/strict";
import { test } from "node:test";
import { REASONS } from "../src/retention/reasons.ts";
import { DECISIONS } from "../src/server/access/decision.ts";
import { DEMANDS } from "../src/server/signatures/describe-demand.ts";
import { REFUSALS } from "../src/server/terms/refusals.ts";
import { chineseReasons } from "../web/state/reasons-chinese.ts";

const namesIn = (sentence: string): string[] => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => (name === "does" ? "right" : name!)).sort();

test("pages in Chinese have a sentence for each reason of the registry that they show, with all that it tells", () => {
  const { badRobot: _onlyOfTheCommand, ...decisions } = DECISIONS;
  const english: Readonly<Record<string, string>> = { ...decisions, ...REASONS, ...REFUSALS, ...DEMANDS };
  assert.deepEqual(Object.keys(chineseReasons).sort(), Object.keys(english).sort());
  for (const [code, sentence] of Object.entries(english)) assert.deepEqual(namesIn(chineseReasons[code]!), namesIn(sentence), code);
});
