import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { parseOverride } from "./overrides.ts";
import { printTargets } from "./print.ts";
import { readBakeFiles } from "./read-bake-files.ts";
import { resolveTargets } from "./resolve-targets.ts";

/** What comes of a file of that name: printed targets, or the fault. */
function reader(context: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), "bake-hostile-"));
  context.after(() => rmSync(cwd, { recursive: true, force: true }));
  return async (name: string, text: string): Promise<string> => {
    writeFileSync(join(cwd, name), text);
    try {
      const defined = await readBakeFiles({ files: [name], cwd, stdin: Readable.from([]), env: {}, variables: new Map(), localPlatform: "linux/amd64" });
      const { groups, targets } = resolveTargets(defined, { names: ["*"], overrides: [], env: {} });
      return printTargets(groups, targets);
    } catch (error) {
      assert.ok(isFault(error), `not a fault: ${String((error as Error).stack)}`);
      return error.code;
    }
  };
}

const NAMES = fc.constantFrom("target", "group", "variable", "function", "default", "targets", "inherits", "matrix", "name", "args", "tags", "output", "secret", "ssh", "contexts", "params", "result", "validation", "__proto__", "constructor");
const TEXTS = fc.oneof(fc.constantFrom("${", "${a}", "%{ if", "target:a", "type=x", "", "a=b,c", "*", "${target.a.tags}", "$${x}"), fc.string({ maxLength: 12 }), NAMES);
const { json } = fc.letrec((tie) => ({
  json: fc.oneof({ depthSize: "small", withCrossShrink: true }, TEXTS, fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie("json"), { maxLength: 3 }), fc.dictionary(NAMES, tie("json"), { maxKeys: 4 })),
}));

test("any JSON is targets or a fault", async (context) => {
  const read = reader(context);
  await fc.assert(fc.asyncProperty(fc.dictionary(NAMES, json, { maxKeys: 4 }), async (file) => void (await read("docker-bake.json", JSON.stringify(file)))), { numRuns: 150 });
});

test("any YAML of services is targets or a fault", async (context) => {
  const read = reader(context);
  await fc.assert(fc.asyncProperty(fc.dictionary(NAMES, json, { maxKeys: 3 }), async (build) => void (await read("compose.yaml", JSON.stringify({ services: { a: { build, image: "x" } } })))), { numRuns: 150 });
});

test("names that JavaScript gives a meaning have none", async (context) => {
  const read = reader(context);
  const printed = await read("docker-bake.json", '{"target": {"__proto__": {"args": {"__proto__": "x", "constructor": "y"}}}}');
  assert.match(printed, /"__proto__": \{\n +"context": "\."/);
  assert.match(printed, /"__proto__": "x"/);
});

test("files that are nested without end, or grow by aliases, are refused", async (context) => {
  const read = reader(context);
  const deep = 20_000;
  assert.equal(await read("docker-bake.json", `{"target": {"a": {"tags": ${"[".repeat(deep)}${"]".repeat(deep)}}}}`), "BAKE_SYNTAX");
  assert.equal(await read("compose.yaml", `services: ${"[".repeat(deep)}${"]".repeat(deep)}`), "BAKE_SYNTAX");
  const lines = Array.from({ length: 30 }, (_, index) => `x${index}: &x${index} [${index === 0 ? "a" : `*x${index - 1}, *x${index - 1}, *x${index - 1}`}]`);
  assert.equal(await read("compose.yaml", `${lines.join("\n")}\nservices: {a: {build: {tags: *x29}}}\n`), "BAKE_SYNTAX");
});

test("compose files that extend or include themselves, or a great many, are refused or read in time", async (context) => {
  const read = reader(context);
  const chain = (count: number): string => `services:\n${Array.from({ length: count }, (_, index) => `  s${index}: { ${index === 0 ? "build: ." : `extends: s${index - 1}`} }\n`).join("")}`;
  assert.match(await read("compose.yaml", chain(500)), /"s499": \{/);
  assert.equal(await read("compose.yaml", "services: { a: { extends: b }, b: { extends: a } }"), "BAKE_COMPOSE");
  assert.equal(await read("compose.yaml", "include: [compose.yaml]\nservices: { a: { build: . } }"), "BAKE_COMPOSE");
  assert.equal(await read("own.yaml", "services: { a: { extends: { file: own.yaml, service: a } } }"), "BAKE_COMPOSE");
  await read("two.yaml", "services: { a: { build: . } }");
  assert.equal(await read("compose.yaml", `include: [${"two.yaml, ".repeat(600)}two.yaml]\n`), "BAKE_COMPOSE");
});

test("any --set is an override or a fault", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.tuple(TEXTS, TEXTS, TEXTS).map(([a, b, c]) => `${a}.${b}=${c}`)), (text) => {
    try {
      parseOverride(text);
    } catch (error) {
      assert.ok(isFault(error, "BAKE_OVERRIDE"), String(error));
    }
  }));
});
