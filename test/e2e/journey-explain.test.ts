import assert from "node:assert/strict";
import { appendFileSync, chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { needs } from "../support/foreign.ts";
import { startJourney } from "../support/journey.ts";

const skip = noBusybox || needs();
const DOCKERFILE = "FROM base:1\nARG WORD=a\nENV MODE=fast\nCOPY src /src\nRUN cat /src/a /src/b > /all\nRUN wc /all\n";

/** A project that was built once, and what --explain says of the next build: the reasons by instruction. */
async function explained(context: TestContext) {
  const { sampan, context: files } = await startJourney(context);
  const folder = files("project", { Dockerfile: DOCKERFILE, "src/a": "a\n", "src/b": "b\n" });
  for (const file of ["src/a", "src/b"]) chmodSync(join(folder, file), 0o644);
  const explain = async (...flags: string[]): Promise<Record<string, string[]>> => {
    const { status, stderr } = await sampan(["build", "--explain", "--progress", "plain", "-t", "project:1", ...flags, folder]);
    assert.equal(status, 0, stderr);
    return reasons(stderr);
  };
  return { explain, sampan, files, at: (path: string): string => join(folder, path) };
}

/** `#3 [2/4] COPY src /src` followed by `#3 why: …` lines. */
function reasons(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  const names = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, number, rest] = /^#(\d+) (.*)$/.exec(line) ?? [];
    if (number === undefined || rest === undefined) continue;
    const name = /^\[.*?\] (.*)$/.exec(rest)?.[1];
    if (name !== undefined) names.set(number, name);
    const why = /^why: (.*)$/.exec(rest)?.[1];
    if (why !== undefined) (found[names.get(number)!] ??= []).push(why);
  }
  return found;
}

const [COPY, RUN, LAST] = ["COPY src /src", "RUN cat /src/a /src/b > /all", "RUN wc /all"];

test("the first build says that nothing ran before, the second what was hit", { skip }, async (context) => {
  const { explain } = await explained(context);
  const first = await explain();
  for (const step of [COPY, RUN, LAST]) assert.deepEqual(first[step], ["it has not run before"], step);
  const second = await explain();
  for (const step of [COPY, RUN, LAST]) {
    assert.equal(second[step]?.length, 1, JSON.stringify(second));
    assert.match(second[step]![0]!, /definition|content|unchanged|same|known|hit/, step);
  }
});

test("a changed file is named, with what changed of it", { skip }, async (context) => {
  const { explain, at } = await explained(context);
  await explain();
  chmodSync(at("src/a"), 0o664);
  assert.deepEqual((await explain())[COPY], ["src/a: mode 0644 → 0664"]);
  appendFileSync(at("src/b"), "more\n");
  const changed = await explain();
  assert.deepEqual(changed[COPY], ["src/b: content changed"]);
  assert.deepEqual(changed[RUN], ["the step before it has another result"]);
  writeFileSync(at("src/c"), "c\n");
  assert.deepEqual((await explain())[COPY]?.filter((line) => !line.startsWith("src:")), ["src/c: new"]);
  rmSync(at("src/c"));
  writeFileSync(at("src/d"), "d\n");
  // Compared with the build before the last one, which had all but that.
  assert.deepEqual((await explain())[COPY], ["src/d: new"]);
  // Back to what is known and on to something else: what was undone meanwhile is no reason.
  rmSync(at("src/d"));
  assert.match((await explain())[COPY]!.join(), /same/);
  writeFileSync(at("src/e"), "e\n");
  appendFileSync(at("src/a"), "more\n");
  chmodSync(at("src/a"), 0o600);
  assert.deepEqual((await explain())[COPY], ["src/a: mode 0664 → 0600", "src/a: content changed", "src/e: new"]);
});

test("a line that is put in between and another base image are told as what they are", { skip }, async (context) => {
  const { explain, at, sampan, files } = await explained(context);
  await explain();
  writeFileSync(at("Dockerfile"), DOCKERFILE.replace("COPY src", "RUN true\nCOPY src"));
  const moved = await explain();
  assert.deepEqual([moved["RUN true"], moved[COPY], moved[RUN]], [["it has not run before"], ["the step before it has another result"], ["the step before it has another result"]]);
  const base = files("base", { Dockerfile: "FROM base:1\nRUN echo > /other\n" });
  assert.equal((await sampan(["build", "-t", "base:1", base])).status, 0);
  const rebased = await explain();
  assert.deepEqual([rebased["RUN true"], rebased[COPY]], [["its base image is another one"], ["the step before it has another result"]]);
});

test("a changed command, variable or argument is told, from what to what", { skip }, async (context) => {
  const { explain, at } = await explained(context);
  await explain();
  writeFileSync(at("Dockerfile"), DOCKERFILE.replace("MODE=fast", "MODE=slow"));
  const variable = await explain();
  assert.match(variable[RUN]!.join("\n"), /MODE.*fast.*→.*slow/);
  assert.equal(variable[COPY]?.length, 1);
  const argument = await explain("--build-arg", "WORD=b");
  assert.match(argument[RUN]!.join("\n"), /WORD.*a.*→.*b/);
  writeFileSync(at("Dockerfile"), DOCKERFILE.replace("wc /all", "wc -l /all"));
  await explain("--build-arg", "WORD=a");
  writeFileSync(at("Dockerfile"), DOCKERFILE.replace("wc /all", "wc -w /all"));
  const command = await explain();
  assert.match(command["RUN wc -w /all"]!.join("\n"), /wc -l \/all.*→.*wc -w \/all/);
});

test("--no-cache is given as the reason", { skip }, async (context) => {
  const { explain } = await explained(context);
  await explain();
  const forced = await explain("--no-cache");
  for (const step of [COPY, RUN, LAST]) assert.match(forced[step]!.join("\n"), /--no-cache/, step);
});
