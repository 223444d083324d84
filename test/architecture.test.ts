import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const order = [...readFileSync(join(root, "docs/ARCHITECTURE.md"), "utf8").matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1]!);
const sources = globSync("src/**/*.ts", { cwd: root }).sort();
const PURE = new Set(["oci", "dockerfile", "graph", "solve"]);

/** Modules that a source imports, without those of comments. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = [...text.matchAll(/^(?:import|export)\b[^"';]*?from "([^"]+)"/gms), ...text.matchAll(/\bimport\("([^"]+)"\)/g), ...text.matchAll(/new URL\("(\.[^"]+\.ts)"/g)];
  return found.map((match) => match[1]!);
}

test("the folders of src are those that docs/ARCHITECTURE.md lists", () => {
  const folders = [...new Set(sources.map((file) => file.split("/")[1]!))].sort();
  assert.deepEqual(folders, [...order].sort());
});

test("a file imports only from its own folder and from folders above it in docs/ARCHITECTURE.md", () => {
  const wrong: string[] = [];
  for (const file of sources.filter((name) => !name.endsWith(".test.ts"))) {
    const own = order.indexOf(file.split("/")[1]!);
    for (const imported of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = relative(root, join(root, dirname(file), imported)).split("/");
      if (target[0] !== "src" || order.indexOf(target[1]!) > own) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("a room of the server imports only from its own and from rooms above it", () => {
  const rooms = [...readFileSync(join(root, "docs/ARCHITECTURE.md"), "utf8").matchAll(/^\| `server\/([a-z]+)` \|/gm)].map((match) => match[1]!);
  // Where the protocol stands, whose files lie in src/server itself and in routes/.
  const protocol = rooms.indexOf("audit") + 0.5;
  const place = (parts: readonly string[]): number => (parts.length === 3 || parts[2] === "routes" ? protocol : rooms.indexOf(parts[2]!));
  const wrong: string[] = [];
  for (const file of sources.filter((name) => name.startsWith("src/server/") && name.split("/").length > 3 && !name.endsWith(".test.ts"))) {
    assert.ok(place(file.split("/")) >= 0, `${file} is in a room that docs/ARCHITECTURE.md does not list`);
    for (const imported of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = relative(root, join(root, dirname(file), imported)).split("/");
      if (target[1] === "server" && place(target) > place(file.split("/"))) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.ok(rooms.length > 0);
  assert.deepEqual(wrong, []);
});

test("the pages import only each other, preact and what the API answers", () => {
  const wrong: string[] = [];
  for (const file of globSync("web/**/*.{ts,tsx}", { cwd: root })) {
    for (const imported of importsOf(file)) {
      const target = imported.startsWith(".") ? relative(root, join(root, dirname(file), imported)) : imported;
      if (!/^web\/|^preact(?:\/hooks)?$|^src\/server\/api\/answers\.ts$/.test(target)) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(importsOf("src/server/api/answers.ts"), []);
});

test("pure folders touch no files, network or processes", () => {
  const wrong: string[] = [];
  for (const file of sources.filter((name) => PURE.has(name.split("/")[1]!) && !name.endsWith(".test.ts"))) {
    for (const imported of importsOf(file)) {
      if (/^node:(fs|net|http|https|child_process|worker_threads|dgram|tls)/.test(imported)) wrong.push(`${file} imports ${imported}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no source file is longer than 600 lines, and 95 of 100 have at most 300", () => {
  const lengths = [...sources, ...globSync("web/**/*.{ts,tsx,css}", { cwd: root })].map((file) => ({ file, lines: readFileSync(join(root, file), "utf8").split("\n").length }));
  assert.deepEqual(lengths.filter(({ lines }) => lines > 600), []);
  const long = lengths.filter(({ lines }) => lines > 300);
  assert.ok(long.length <= lengths.length * 0.05, `over 300 lines: ${long.map(({ file }) => file).join(", ")}`);
});

test("sources use nothing of the language's library that the oldest Node does not have", () => {
  // V8 12.4, Node 22. The compiler knows what tsconfig.json names, which is more.
  const later = /\b(?:new|instanceof) (?:(?:Async)?DisposableStack|SuppressedError|Float16Array|URLPattern)\b|\b(?:Promise\.try|RegExp\.escape|Error\.isError|Iterator\.concat|Math\.sumPrecise|Uint8Array\.from(?:Base64|Hex))\(|\.getOrInsert(?:Computed)?\(/;
  assert.deepEqual(sources.filter((file) => later.test(readFileSync(join(root, file), "utf8"))), []);
});

test("sources have no default exports and no unfinished work", () => {
  const wrong = sources.filter((file) => /^export default|\bTODO\b|\bFIXME\b|@ts-ignore|(?<! ): any\b|as any\b/m.test(readFileSync(join(root, file), "utf8")));
  assert.deepEqual(wrong, []);
});
