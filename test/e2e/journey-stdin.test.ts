import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { needs } from "../support/foreign.ts";
import { startJourney } from "../support/journey.ts";

const skip = noBusybox || needs();
const FILES = { Dockerfile: "FROM base:1\nCOPY . /ctx/\nRUN cat /ctx/word > /word\nCMD [\"cat\", \"/word\"]\n", word: "from the context\n", ".dockerignore": "word\n" };

for (const [name, flag] of [["plain", "--no-auto-compress"], ["gzip", "--gzip"], ["bzip2", "--bzip2"], ["xz", "--xz"], ["zstd", "--zstd"]] as const) {
  test(`a context comes from standard input as a ${name} tar`, { skip: skip || (name !== "plain" && needs(name)) }, async (context) => {
    const { succeeds, context: files } = await startJourney(context);
    const folder = files("piped", FILES);
    const input = execFileSync("tar", ["-C", folder, flag, "-cf", "-", "."]);
    await succeeds(["build", "-q", "-t", "piped:1", "-"], { input });
    assert.equal(await succeeds(["run", "--rm", "piped:1"]), "from the context\n", "as with docker, its .dockerignore does not count");
    const again = await succeeds(["build", "-q", "-"], { input });
    assert.equal(again, await succeeds(["inspect", "-f", "{{.Id}}", "piped:1"]), "the second build finds everything in the cache");
  });
}

test("-f names a Dockerfile within the tar", { skip }, async (context) => {
  const { succeeds, sampan, context: files } = await startJourney(context);
  const folder = files("piped", { "docker/Other": FILES.Dockerfile, word: "other\n" });
  const input = execFileSync("tar", ["-C", folder, "-cf", "-", "."]);
  await succeeds(["build", "-q", "-t", "piped:1", "-f", "docker/Other", "-"], { input });
  assert.equal(await succeeds(["run", "--rm", "piped:1"]), "other\n");
  const missing = await sampan(["build", "-"], { input });
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /Dockerfile[^]*hint: /);
});

test("a Dockerfile alone on standard input is built without a context", { skip }, async (context) => {
  const { succeeds, sampan } = await startJourney(context);
  await succeeds(["build", "-q", "-t", "alone:1", "-"], { input: "FROM base:1\nRUN echo alone > /word\nCMD [\"cat\", \"/word\"]\n" });
  assert.equal(await succeeds(["run", "--rm", "alone:1"]), "alone\n");
  const copying = await sampan(["build", "-"], { input: "FROM base:1\nCOPY word /\n" });
  assert.equal(copying.status, 1);
  assert.match(copying.stderr, /"\/word" not found/);
  const empty = await sampan(["build", "-"], { input: "" });
  assert.notEqual(empty.status, 0);
  assert.match(empty.stderr, /hint: /);
});

test("-f - reads the Dockerfile from standard input, upon the folder's context and ignore file", { skip }, async (context) => {
  const { succeeds, sampan, context: files, folder } = await startJourney(context);
  const cwd = files("mixed", { ...FILES, other: "other file\n" });
  await succeeds(["build", "-q", "-t", "mixed:1", "-f", "-", "."], { cwd, input: "FROM base:1\nCOPY . /ctx/\nCMD [\"ls\", \"/ctx\"]\n" });
  assert.equal(await succeeds(["run", "--rm", "mixed:1"]), "Dockerfile\nother\n", "word is ignored");
  writeFileSync(join(folder, "Elsewhere"), "FROM base:1\nCOPY other /word\nCMD [\"cat\", \"/word\"]\n");
  await succeeds(["build", "-q", "-t", "outside:1", "-f", "../Elsewhere", "."], { cwd });
  assert.equal(await succeeds(["run", "--rm", "outside:1"]), "other file\n");
  writeFileSync(join(folder, "Elsewhere.dockerignore"), "*\n");
  const ignored = await sampan(["build", "-f", "../Elsewhere", "."], { cwd });
  assert.equal(ignored.status, 1, "the ignore file beside the Dockerfile comes first");
  const twice = await sampan(["build", "-f", "-", "-"], { cwd, input: "FROM base:1\n" });
  assert.notEqual(twice.status, 0);
  assert.match(twice.stderr, /standard input|stdin/);
});
