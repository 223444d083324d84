import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { needs } from "../support/foreign.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { ranAndCached, readRawProgress, type RawStep } from "../support/raw-progress.ts";
import { serveRegistry } from "../support/serve-registry.ts";

const skip = noBusybox || needs();

/** Builds a Dockerfile of its own. @returns the steps, by instruction */
async function buildSteps({ sampan, context }: Journey, dockerfile: string, ...flags: string[]): Promise<{ steps: RawStep[]; step: (instruction: string) => RawStep; text: string }> {
  const { status, stderr } = await sampan(["build", "--progress", "rawjson", "-t", "made:1", ...flags, context("project", { Dockerfile: dockerfile })]);
  assert.equal(status, 0, stderr);
  const steps = readRawProgress(stderr);
  const step = (instruction: string): RawStep => {
    const found = steps.filter(({ name }) => name.endsWith(`] ${instruction}`));
    assert.equal(found.length, 1, `${instruction} in ${steps.map(({ name }) => name).join(", ")}`);
    return found[0]!;
  };
  return { steps, step, text: stderr };
}

test("stages that do not wait for each other run side by side", { skip }, async (context) => {
  const journey = await startJourney(context);
  const { step } = await buildSteps(journey, `FROM base:1 AS left
RUN sleep 1.2; date > /left
FROM base:1 AS right
RUN sleep 1.3; date > /right
FROM base:1
COPY --from=left /left /
COPY --from=right /right /
`);
  const [left, right] = [step("RUN sleep 1.2; date > /left"), step("RUN sleep 1.3; date > /right")];
  assert.ok(Math.max(left.startedAt!, right.startedAt!) < Math.min(left.completedAt!, right.completedAt!), "both began before either ended");
  assert.ok(step("COPY --from=right /right /").completedAt! > right.completedAt!);
});

test("only the stages that the target needs are built", { skip }, async (context) => {
  const journey = await startJourney(context);
  const dockerfile = `FROM base:1 AS needed
RUN echo needed > /file
FROM nowhere.invalid/absent:1 AS unneeded
RUN exit 1
FROM base:1 AS Middle
COPY --from=needed /file /
CMD ["cat", "/file"]
FROM middle AS last
RUN echo last > /file
`;
  const { text } = await buildSteps(journey, dockerfile, "--target", "MIDDLE");
  assert.deepEqual(ranAndCached(text).ran, ["COPY --from=needed /file /", "RUN echo needed > /file"]);
  assert.doesNotMatch(text, /unneeded|nowhere\.invalid/);
  assert.equal(await journey.succeeds(["run", "--rm", "made:1"]), "needed\n");
  const last = await buildSteps(journey, dockerfile);
  assert.deepEqual(ranAndCached(last.text).ran, ["RUN echo last > /file"]);
  const wrong = await journey.sampan(["build", "--target", "midle", join(journey.folder, "project")]);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /midle[^]*middle/i, "says what was meant");
});

test("steps that are equal in several stages run once", { skip }, async (context) => {
  const journey = await startJourney(context);
  const { text, steps } = await buildSteps(journey, `FROM base:1 AS one
WORKDIR /work
RUN cat /proc/sys/kernel/random/uuid > id
FROM base:1 AS two
WORKDIR /work
RUN cat /proc/sys/kernel/random/uuid > id
RUN echo only here
FROM base:1
COPY --from=one /work/id /a
COPY --from=two /work/id /b
CMD cat /a /b
`);
  assert.equal(steps.filter(({ name }) => name.includes("random/uuid")).length, 1);
  assert.equal(ranAndCached(text).ran.length, 5);
  const [a, b] = (await journey.succeeds(["run", "--rm", "made:1"])).split("\n");
  assert.equal(a, b);
  assert.match(a!, /^[0-9a-f-]{36}$/);
});

test("--add-host and --network reach RUN", { skip }, async (context) => {
  const journey = await startJourney(context);
  const lookUp = "RUN grep -w harbour /etc/hosts && hostname && ls /sys/class/net > /links";
  const { step } = await buildSteps(journey, `FROM base:1\n${lookUp}\nCMD cat /links; cat /etc/hosts\n`, "--add-host", "harbour:192.0.2.7", "--add-host", "quay=192.0.2.8", "--network", "none");
  assert.match(step(lookUp).log, /^192\.0\.2\.7\s+harbour$/m);
  const ran = await journey.succeeds(["run", "--rm", "--network", "none", "made:1"]);
  assert.match(ran, /^lo$/m);
  assert.doesNotMatch(ran, /harbour|^eth/m, "nothing of it is in the image");
  const shown = "RUN grep -c : /proc/net/dev";
  const host = await buildSteps(journey, `FROM base:1\n${shown}\n`, "--network", "host");
  const none = await buildSteps(journey, `FROM base:1\n${shown}\n`, "--network", "none");
  assert.equal(none.step(shown).log, "1\n", "only the loopback, and no result of another network");
  assert.ok(Number(host.step(shown).log) > 1);
});

test("--pull asks the registry for a newer base, and without it the store's own is taken", { skip }, async (context) => {
  const journey = await startJourney(context);
  const { succeeds, context: files, root } = journey;
  const registry = await serveRegistry(context);
  const base = `${registry}/moving:1`;
  const other = { SAMPAN_ROOT: `${root}-other` };
  const publish = async (text: string): Promise<void> => {
    await succeeds(["build", "-q", "-t", base, "-o", "type=registry", files(text, { Dockerfile: `FROM base:1\nRUN echo ${text} > /text\nCMD ["cat", "/text"]\n` })]);
  };
  const build = async (...flags: string[]): Promise<string> => {
    await succeeds(["build", "-q", "-t", "upon:1", ...flags, files("upon", { Dockerfile: `FROM ${base}\nRUN echo upon >> /text\n` })], { env: other });
    return succeeds(["run", "--rm", "upon:1"], { env: other });
  };
  await publish("old");
  assert.equal(await build(), "old\nupon\n");
  await publish("new");
  await succeeds(["pull", "-q", base], { env: other });
  assert.equal(await build(), "new\nupon\n");
  await publish("newest");
  assert.equal(await build(), "new\nupon\n");
  assert.equal(await build("--pull"), "newest\nupon\n");
});

test("a failed step ends the build with its log, and what ran before it is kept", { skip }, async (context) => {
  const { sampan, succeeds, context: files } = await startJourney(context);
  const folder = files("project", { Dockerfile: "FROM base:1\nRUN echo once\nRUN seq 1 3000; echo to stderr >&2; exit 3\n" });
  const { status, stderr } = await sampan(["build", "-q", "-t", "never:1", folder]);
  assert.equal(status, 1);
  for (const line of ["1", "1500", "3000", "to stderr"]) assert.match(stderr, new RegExp(`^(?:#\\d+ )?(?:[\\d.]+ )?${line}$`, "m"), `the whole log is shown: ${line}`);
  assert.match(stderr, /exit code: 3[^]*>>> RUN seq[^]*hint: /);
  assert.equal(await succeeds(["images", "-q", "never"]), "");
  const again = await sampan(["build", "--progress", "rawjson", folder]);
  assert.deepEqual(ranAndCached(again.stderr).cached, ["RUN echo once"]);
});
