import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { faultTable } from "../src/std/fault-table.ts";
import { generatedDocs } from "../docs/generate.ts";

const root = join(import.meta.dirname, "..");

test("every fault of the table is thrown somewhere", () => {
  const sources = globSync("src/**/*.ts", { cwd: root, exclude: ["src/std/faults/**", "src/**/*.test.ts"] });
  const text = sources.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
  assert.deepEqual(Object.keys(faultTable).filter((code) => !text.includes(`"${code}"`)), []);
});

test("messages and hints begin with a small letter and end without a full stop, and say when they come in a sentence", async () => {
  // "No such image" and the like are docker's messages, which scripts look for; names of instructions and variables are what they are.
  const proper = /^(?:No such image|No such container|No such object|[A-Z][A-Z_]+\b|Dockerfile\b|‹)/;
  const { "errors.md": page } = await generatedDocs();
  const texts = page!.split("\n").flatMap((line) => /^> (?:hint: )?(?!hint:)(\S.*)$/.exec(line)?.[1] ?? []);
  assert.ok(texts.length > 100);
  assert.deepEqual(texts.filter((text) => /\bundefined\b/.test(text)), []);
  assert.deepEqual(texts.filter((text) => (/^[A-Z]/.test(text) && !proper.test(text)) || /[^.]\.$/.test(text)), []);
  for (const [code, { when }] of Object.entries(faultTable)) assert.match(when, /\.$/, code);
});
