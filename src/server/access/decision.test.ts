import assert from "node:assert/strict";
import { test } from "node:test";
import { decided, DECISIONS, OPEN, readDecision, type Decision } from "./decision.ts";
import { RIGHTS } from "../terms/rights.ts";

const VALUES = { who: "user bob", repository: "team/app", role: "writer", patterns: "team/**, prod/*", grant: "writer on team/** (group:core)", grants: "reader on team/** (bob)", problem: "is disabled" };

test("the reason of a decision that was written down is read again by its code, with its right", () => {
  for (const [code, sentence] of Object.entries(DECISIONS)) {
    for (const right of RIGHTS) {
      const values = { ...Object.fromEntries(Object.entries(VALUES).filter(([name]) => sentence.includes(`{${name}}`))), ...(sentence.includes("{does}") ? { right } : {}) };
      const { reason, why } = decided(false, code as Decision["why"]["code"], values);
      assert.deepEqual(readDecision(reason), why, reason);
    }
  }
  assert.equal(readDecision(OPEN.reason)?.code, "open");
  assert.equal(readDecision("the tag v1 of prod/shop is immutable"), undefined);
});
