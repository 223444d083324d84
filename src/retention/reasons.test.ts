import assert from "node:assert/strict";
import { test } from "node:test";
import { because, describeReasons, readReasons, REASONS, type Reason } from "./reasons.ts";

const VALUES = { image: "sha256:ab", rules: "last-3-versions, rule 2", tag: "1.2 (odd)", count: "3", age: "2 days", version: "1.2.0", host: "registry.example.com:5000" };

test("reasons that were written down are read again, each by its code, with what they tell and their rule", () => {
  for (const [code, sentence] of Object.entries(REASONS)) {
    const values = Object.fromEntries(Object.entries(VALUES).filter(([name]) => sentence.includes(`{${name}}`)));
    const plain = because(code as Reason["code"], values);
    assert.deepEqual(readReasons(describeReasons([plain])), [plain]);
    const both: readonly Reason[] = [{ ...plain, rule: "rule 1" }, { ...because("referred"), rule: "rule 2" }];
    if (!describeReasons([plain]).endsWith(")")) assert.deepEqual(readReasons(describeReasons(both)).map(({ code: found }) => found), both.map(({ code: given }) => given), describeReasons(both));
  }
  assert.deepEqual(readReasons("among the last 3 pushed (rule 1); something refers to it (rule 2)"), [{ ...because("lastPushed", { count: 3 }), rule: "rule 1" }, { ...because("referred"), rule: "rule 2" }]);
  for (const text of ["", "words of another version", "it is immutable; and more"]) assert.deepEqual(readReasons(text), []);
});
