import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkRules } from "./rules.ts";
import { ruleUrl } from "./rule.ts";

const guide = readFileSync(join(import.meta.dirname, "../../docs/guides/checks.md"), "utf8");

test("every rule is in the table, once, and in a file of its name", () => {
  const files = readdirSync(join(import.meta.dirname, "rules")).map((name) => name.replace(".ts", "").replaceAll("-", "")).sort();
  assert.deepEqual(checkRules.map(({ name }) => name.toLowerCase()).sort(), files);
});

test("the guide has each rule with its description, in the order of their names, and no other", () => {
  const told = [...guide.matchAll(/^### (\w+)\n\n> (.*)$/gm)].map(([, name, description]) => ({ name, description }));
  assert.deepEqual(told, checkRules.map(({ name, description }) => ({ name, description })).sort((a, b) => (a.name < b.name ? -1 : 1)));
});

test("addresses are made of the rules' names", () => {
  assert.equal(ruleUrl("JSONArgsRecommended"), "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/");
  assert.equal(ruleUrl("CopyIgnoredFile"), "https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/");
});
