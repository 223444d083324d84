import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { REASONS } from "../src/retention/reasons.ts";
import { DECISIONS } from "../src/server/access/decision.ts";
import { TOLD_FAULTS } from "../src/server/mirror/replication-problem.ts";
import { DEMANDS } from "../src/server/signatures/describe-demand.ts";
import { REFUSALS } from "../src/server/terms/refusals.ts";
import { chineseCauses, chineseReasons } from "../web/state/reasons-chinese.ts";

const namesIn = (sentence: string): string[] => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => (name === "does" ? "right" : name!)).sort();

test("pages in Chinese have a sentence for each reason of the registry that they show, with all that it tells", () => {
  const { badRobot: _onlyOfTheCommand, ...decisions } = DECISIONS;
  const english: Readonly<Record<string, string>> = { ...decisions, ...REASONS, ...REFUSALS, ...DEMANDS };
  assert.deepEqual(Object.keys(chineseReasons).sort(), [...Object.keys(english), ...Object.keys(TOLD_FAULTS)].sort());
  for (const [code, names] of Object.entries(TOLD_FAULTS)) assert.deepEqual(namesIn(chineseReasons[code]!), [...names].sort(), code);
  for (const [code, sentence] of Object.entries(english)) assert.deepEqual(namesIn(chineseReasons[code]!), namesIn(sentence), code);
});

test("causes in Chinese are those that connections break by", () => {
  const said = readFileSync(new URL("../src/registry/transport/connection-error.ts", import.meta.url), "utf8");
  for (const cause of Object.keys(chineseCauses)) assert.ok(said.includes(`"${cause}"`), cause);
});
