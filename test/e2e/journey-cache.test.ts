import assert from "node:assert/strict";
import { appendFileSync, chmodSync, lutimesSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { needs } from "../support/foreign.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { ranAndCached } from "../support/raw-progress.ts";

const skip = noBusybox || needs();

const PROJECT = {
  Dockerfile: `FROM base:1 AS one
COPY lib /lib
RUN find /lib -maxdepth 1 -type f | sort | xargs cat > /one
FROM base:1 AS two
COPY app/*.txt /app/
RUN cat /app/* > /two
FROM base:1
COPY --from=one /one /
COPY --from=two /two /
RUN cat /one /two > /all
CMD ["cat", "/all"]
`,
  "lib/a": "a\n", "lib/sub/b": "b\n", "app/x.txt": "x\n", "app/y.md": "y\n", unused: "u\n", ".dockerignore": "*.log\n",
};
const STEPS = { one: ["COPY lib /lib", "RUN find /lib -maxdepth 1 -type f | sort | xargs cat > /one"], two: ["COPY app/*.txt /app/", "RUN cat /app/* > /two"], last: ["COPY --from=one /one /", "COPY --from=two /two /", "RUN cat /one /two > /all"] };
const ALL = Object.values(STEPS).flat().sort();

/** A project that was built once. */
async function builtOnce(context: TestContext, files: Readonly<Record<string, string>> = PROJECT): Promise<Journey & { at: (path: string) => string; build: (...flags: string[]) => Promise<{ ran: string[]; cached: string[] }> }> {
  const journey = await startJourney(context);
  const folder = journey.context("project", files);
  const build = async (...flags: string[]): Promise<{ ran: string[]; cached: string[] }> => {
    const { status, stderr } = await journey.sampan(["build", "--progress", "rawjson", "-t", "project:1", ...flags, folder]);
    assert.equal(status, 0, stderr);
    return ranAndCached(stderr);
  };
  await build();
  return { ...journey, at: (path) => join(folder, path), build };
}

test("a second build runs nothing, whatever was touched, moved or ignored", { skip }, async (context) => {
  const { build, at, succeeds } = await builtOnce(context);
  const id = await succeeds(["inspect", "-f", "{{.Id}}", "project:1"]);
  assert.deepEqual((await build()).ran, []);
  for (const path of ["lib/a", "lib/sub", "lib", "app/x.txt", "."]) utimesSync(at(path), 1, 1);
  assert.deepEqual((await build()).ran, [], "other times");
  writeFileSync(at("new"), "lib/a again");
  writeFileSync(at("lib/a.new"), "a\n");
  renameSync(at("lib/a.new"), at("lib/a"));
  assert.deepEqual((await build()).ran, [], "the same content in another file");
  writeFileSync(at("lib.log"), "ignored");
  writeFileSync(at("app/y.md"), "no pattern of COPY names it");
  writeFileSync(at("unused"), "nobody reads it");
  writeFileSync(at("Dockerfile"), `# a comment\n${PROJECT.Dockerfile}`);
  const last = await build();
  assert.deepEqual(last, { ran: [], cached: ALL });
  assert.equal(await succeeds(["inspect", "-f", "{{.Id}}", "project:1"]), id);
});

test("a changed file reruns what read it, and nothing beside it", { skip }, async (context) => {
  const { build, at, succeeds } = await builtOnce(context);
  appendFileSync(at("app/x.txt"), "more\n");
  const { ran, cached } = await build();
  assert.deepEqual(cached, [...STEPS.one, STEPS.last[0]!].sort());
  assert.deepEqual(ran, [...STEPS.two, ...STEPS.last.slice(1)].sort());
  assert.equal(await succeeds(["run", "--rm", "project:1"]), "a\nx\nmore\n");
});

test("a step whose result is the same as before spares those behind it", { skip }, async (context) => {
  const { build, at } = await builtOnce(context);
  writeFileSync(at("lib/sub/b"), "its RUN does not read it\n");
  const { ran, cached } = await build();
  assert.deepEqual(ran, STEPS.one, "/one has the content that it had");
  assert.deepEqual(cached, [...STEPS.two, ...STEPS.last].sort());
});

const CHANGES: readonly [string, (at: (path: string) => string) => void][] = [
  ["a new file", (at) => writeFileSync(at("lib/c"), "c\n")],
  ["a file that is gone", (at) => rmSync(at("lib/sub/b"))],
  ["another mode", (at) => chmodSync(at("lib/a"), 0o755)],
  ["a link instead of a file", (at) => { rmSync(at("lib/a")); symlinkSync("sub/b", at("lib/a")); }],
  ["another name", (at) => renameSync(at("lib/a"), at("lib/d"))],
];
test("every kind of change below a copied folder is seen, and the return is a hit", { skip }, async (context) => {
  const { build, at, context: files } = await builtOnce(context);
  for (const [what, change] of CHANGES) {
    change(at);
    assert.ok((await build()).ran.includes("COPY lib /lib"), what);
    rmSync(at("lib"), { recursive: true });
    files("project", PROJECT);
    chmodSync(at("lib/a"), 0o644);
    assert.deepEqual((await build()).ran, [], `${what}, and back`);
  }
  symlinkSync("a", at("lib/link"));
  await build();
  lutimesSync(at("lib/link"), 5, 5);
  assert.deepEqual((await build()).ran, []);
  assert.deepEqual(readdirSync(at("lib")), ["a", "link", "sub"]);
});

test("arguments, environment and labels count where they are seen, and not before", { skip }, async (context) => {
  const { build, at } = await builtOnce(context, { Dockerfile: "FROM base:1\nRUN echo first\nARG WORD=a\nRUN echo second\nENV E=1\nRUN echo third\nLABEL l=1\n" });
  assert.deepEqual((await build("--build-arg", "WORD=b")).ran, ["RUN echo second", "RUN echo third"]);
  assert.deepEqual((await build("--build-arg", "WORD=a")).ran, []);
  assert.deepEqual((await build("--label", "other=2")).ran, []);
  writeFileSync(at("Dockerfile"), "FROM base:1\nRUN echo first\nARG WORD=a\nRUN echo second\nENV E=2\nRUN echo third\nLABEL l=2\n");
  assert.deepEqual((await build()).ran, ["RUN echo third"]);
});

test("--no-cache runs everything, --no-cache-filter the stages that it names", { skip }, async (context) => {
  const { build } = await builtOnce(context);
  assert.deepEqual(await build("--no-cache"), { ran: ALL, cached: [] });
  const { ran, cached } = await build("--no-cache-filter", "TWO");
  assert.deepEqual(ran.filter((step) => STEPS.two.includes(step)), STEPS.two);
  assert.deepEqual(cached.filter((step) => STEPS.one.includes(step)), STEPS.one);
  assert.deepEqual((await build("--no-cache-filter", "one,two")).ran.filter((step) => !STEPS.last.includes(step)), [...STEPS.one, ...STEPS.two].sort());
});

test("two builds at once on one store both succeed, and agree", { skip }, async (context) => {
  const { succeeds, at } = await builtOnce(context);
  writeFileSync(at("lib/a"), "changed\n");
  const ids = await Promise.all([1, 2, 3].map((n) => succeeds(["build", "-q", "-t", `at-once:${n}`, at(".")])));
  for (const [index, id] of ids.entries()) assert.equal(await succeeds(["inspect", "-f", "{{.Id}}", `at-once:${index + 1}`]), id);
  for (const n of [1, 2, 3]) assert.match(await succeeds(["run", "--rm", `at-once:${n}`]), /^changed\n/);
});
