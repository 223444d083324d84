import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { descendantsOf, stillRunning, until } from "../support/process-tree.ts";
import { serveRegistry } from "../support/serve-registry.ts";

/** SAMPAN_TEST_ROUNDS says how many, SAMPAN_TEST_SEED where chance begins. */
const ROUNDS = Number(process.env["SAMPAN_TEST_ROUNDS"] ?? 4);
const PROCESSES = 7;

/** Numbers below `limit`, always the same for a seed (mulberry32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

interface Setup extends Journey {
  readonly host: string;
  readonly contexts: readonly string[];
}

/** Three images in a registry, and three contexts to build that share files. The store is empty then. */
async function setUp(context: TestContext): Promise<Setup> {
  const host = await serveRegistry(context);
  const journey = await startJourney(context);
  const base = `${host}/base:1`;
  await journey.succeeds(["tag", "base:1", base]);
  await journey.succeeds(["push", base]);
  const contexts = [0, 1, 2].map((number) => journey.context(`context${number}`, {
    Dockerfile: `FROM ${base} AS files\nCOPY large /large\nCOPY common /common\nFROM ${base}\nCOPY common /common\nCOPY --from=files /large /copied\nLABEL number=${number}\n`,
    common: "c".repeat(100_000),
  }));
  for (const [number, folder] of contexts.entries()) {
    writeFileSync(join(folder, "large"), randomBytes(700_000));
    await journey.succeeds(["build", "-q", "-t", `${host}/app${number}:1`, folder]);
    await journey.succeeds(["push", `${host}/app${number}:1`]);
  }
  await journey.succeeds(["system", "prune", "-af"]);
  return { ...journey, host, contexts };
}

/** Words of a command that is fine or says that an image is not there. */
function randomCommand({ host, contexts, folder }: Setup, random: (limit: number) => number): string[] {
  const number = random(3);
  const choices = [
    ["pull", "-q", `${host}/app${number}:1`],
    ["pull", "-q", `${host}/app${number}:1`],
    ["build", "-q", "-t", `built:${number}`, contexts[number]!],
    ["build", "-q", "-t", `built:${number}`, contexts[random(3)]!],
    ["build", "-q", "-o", `type=oci,dest=${join(folder, `out${random(1e9)}`)}`, contexts[number]!],
    ["rmi", "-f", random(2) === 0 ? `built:${number}` : `${host}/app${number}:1`],
    ["image", "prune", "-f"],
    ["builder", "prune", "-f", "--max-used-space", "500kB"],
    ["system", "prune", "-af"],
    ["save", "-o", join(folder, `saved${random(1e9)}`), `built:${number}`],
    ["store", "check", "-q"],
  ];
  return choices[random(choices.length)]!;
}

/** Runs a command, which may be killed in the middle with all of its children. @returns what is wrong with its end, if anything */
async function runOne(setup: Setup, words: readonly string[], options: { startAfter: number; killAfter: number | undefined; cap: string }): Promise<string | undefined> {
  await sleep(options.startAfter);
  let child: ChildProcess | undefined;
  const finished = setup.sampan(words, { onStart: (started) => { child = started; }, env: { SAMPAN_STORE_MAX_SIZE: options.cap } });
  let killed = false;
  if (options.killAfter !== undefined) {
    await Promise.race([finished, sleep(options.killAfter)]);
    if (child!.exitCode === null) {
      killed = true;
      const family = descendantsOf(child!.pid!);
      child!.kill("SIGKILL");
      await finished;
      await until(() => stillRunning(family).length === 0);
    }
  }
  const { status, stdout, stderr } = await finished;
  if (killed || status === 0 || /No such image/.test(stderr)) return undefined;
  return `sampan ${words.join(" ")}: ${status} ${stdout} ${stderr}`;
}

test("pulls, builds, removals, prunes and kills at any time lose nothing that is needed and leave nothing behind", { skip: noBusybox }, async (context) => {
  const seed = Number(process.env["SAMPAN_TEST_SEED"] ?? randomInt(2 ** 31));
  context.diagnostic(`SAMPAN_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  const setup = await setUp(context);
  for (let round = 0; round < ROUNDS; round += 1) {
    const commands = Array.from({ length: PROCESSES }, () => randomCommand(setup, random));
    const problems = await Promise.all(commands.map((words) => runOne(setup, words, {
      startAfter: random(600), killAfter: random(2) === 0 ? undefined : random(1500), cap: random(3) === 0 ? "3MB" : "none",
    })));
    const said = `seed ${seed}, round ${round}:\n${commands.map((words) => words.join(" ")).join("\n")}`;
    assert.deepEqual(problems.filter((problem) => problem !== undefined), [], said);
    const checked = await setup.sampan(["store", "check"]);
    assert.equal(checked.status, 0, `${said}\n${checked.stdout}${checked.stderr}`);
    assertStoreWhole(setup.root);
    const names = (await setup.succeeds(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n").filter((name) => name !== "" && !name.includes("<none>"));
    if (names.length > 0) await setup.succeeds(["save", "-o", join(setup.folder, "all.tar"), ...names]);
  }
  await setup.succeeds(["system", "prune", "-af"]);
  assertStoreWhole(setup.root);
  assert.deepEqual([readdirSync(join(setup.root, "blobs/sha256")), readdirSync(join(setup.root, "snapshots"))], [[], []], `seed ${seed}: nothing is left`);
});
