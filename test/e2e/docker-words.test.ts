import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { dockerArchive } from "../support/docker-archive.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { withContainers } from "../support/containers.ts";
import { COMMANDS, CONTAINER_COMMANDS, CONTAINER_DIFFERENCES, DIFFERENCES } from "../support/docker-commands.ts";
import { noDockerd, startDockerd } from "../support/dockerd.ts";
import { scratchSampan, type Finished } from "../support/run-sampan.ts";
import { noContainers } from "../support/sampan-base.ts";

/** What docker's client 28 and engine 20.10 answered; `SAMPAN_RECORD=1` records it anew from the docker that is here. */
const RECORDED = new URL("../golden/docker-words.json", import.meta.url);
const RECORDED_CONTAINERS = new URL("../golden/docker-containers.json", import.meta.url);
const RECORDS = process.env["SAMPAN_RECORD"] === "1";

interface Answer {
  readonly words: readonly string[];
  readonly status: number | null;
  readonly stdout: string;
}

async function askSampan(context: TestContext): Promise<Answer[]> {
  const { folder, sampan } = scratchSampan(context);
  writeFileSync(join(folder, "images.tar"), dockerArchive());
  const ask = async (words: readonly string[]): Promise<Answer> => {
    const { status, stdout } = await sampan(words);
    return { words, status, stdout };
  };
  const loaded = await ask(["load", "-i", join(folder, "images.tar")]);
  // Sizes are those of the files only once they are unpacked; docker unpacks when it loads.
  const ids = (await sampan(["images", "-q", "--no-trunc"])).stdout.trim().split("\n");
  for (const id of new Set(ids)) assert.equal((await sampan(["image", "cp", `${id}:/file0`, join(folder, "unpacked")])).status, 0);
  const answers = [loaded];
  let reading: readonly string[][] = [];
  const read = async (): Promise<void> => {
    answers.push(...await Promise.all(reading.map(ask)));
    reading = [];
  };
  for (const words of COMMANDS) {
    const changes = ["tag", "rmi", "image prune"].some((start) => words.join(" ").startsWith(start));
    if (changes || reading.length === 6) await read();
    if (changes) answers.push(await ask(words));
    else reading = [...reading, [...words]];
  }
  await read();
  return answers;
}

async function askDocker(context: TestContext): Promise<{ answers: Answer[]; client: number }> {
  const { folder } = scratchSampan(context);
  writeFileSync(join(folder, "images.tar"), dockerArchive());
  const docker = await startDockerd(context);
  const client = Number.parseInt(docker("version", "--format", "{{.Client.Version}}").stdout, 10);
  const answers = [["load", "-i", join(folder, "images.tar")], ...COMMANDS].map((words) => {
    const { status, stdout } = docker(...words);
    return { words, status, stdout };
  });
  return { answers, client };
}

/** Docker lists names of one image in any order. Ages are told in years, whose number grows. */
function plainImages({ words, stdout }: Answer): string {
  const text = stdout.replace(/\b\d years ago/g, "N years ago");
  return words[0] === "images" || words[1] === "ls" ? text.split("\n").sort().join("\n") : text;
}

interface Comparison {
  readonly differences?: typeof DIFFERENCES;
  readonly plain?: (answer: Answer) => string;
  readonly unknown?: (words: readonly string[]) => boolean;
}

function compare(ours: readonly Answer[], docker: readonly Answer[], { differences = DIFFERENCES, plain = plainImages, unknown = () => false }: Comparison = {}): void {
  assert.equal(ours.length, docker.length);
  for (const [index, answer] of ours.entries()) {
    const theirs = docker[index]!;
    const line = answer.words.join(" ");
    if (unknown(answer.words)) continue;
    const difference = differences.find(({ words, exact }) => (exact ? line === words.join(" ") : line.startsWith(words.join(" "))));
    if (difference === undefined) {
      assert.deepEqual({ status: answer.status, stdout: plain(answer) }, { status: theirs.status, stdout: plain(theirs) }, line);
    } else if (difference.same !== undefined) {
      assert.deepEqual(difference.same(plain(answer)), difference.same(plain(theirs)), line);
      assert.equal(answer.status, theirs.status, line);
    }
  }
}

test("columns, templates, filters and statuses are those that docker was recorded with", async (context) => {
  compare(await askSampan(context), JSON.parse(readFileSync(RECORDED, "utf8")) as Answer[]);
});

test("docker itself answers the same", { skip: noDockerd }, async (context) => {
  const { answers, client } = await askDocker(context);
  if (RECORDS) writeFileSync(RECORDED, `${JSON.stringify(answers.map((answer, index) => (index === 0 ? { ...answer, words: ["load"] } : answer)), null, 1)}\n`);
  // Clients before 23 do not know `json` as a format, and print dates of the year 1 otherwise.
  const unknown = (words: readonly string[]): boolean => client < 23 && (words.includes("json") || words.some((word) => word.includes(".CreatedSince")));
  compare(JSON.parse(readFileSync(RECORDED, "utf8")) as Answer[], answers, { unknown });
});

/** Without ids and ages, and the width of columns. The order of `diff` is that of docker's storage driver. */
function plainContainers({ words, stdout }: Answer): string {
  return (words[0] === "diff" ? stdout.split("\n").sort().join("\n") : stdout)
    .replace(/\b[0-9a-f]{64}\b/g, "ID64").replace(/\b[0-9a-f]{12}\b/g, "ID12")
    .replace(/\b(?:Less than a second|\d+ (?:second|minute|month|year)s?|About a minute)\b/g, "AGE")
    .replace(/\b[\d.]+(?:B|kB|MB)\b/g, "SIZE").replace(/ {2,}/g, "  ");
}

async function askInOrder(ask: (words: readonly string[]) => Promise<Finished>, together: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  let reading: (readonly string[])[] = [];
  const answer = async (words: readonly string[]): Promise<Answer> => {
    const { status, stdout } = await ask(words);
    return { words, status, stdout };
  };
  const read = async (): Promise<void> => {
    answers.push(...await Promise.all(reading.map(answer)));
    reading = [];
  };
  for (const [first, ...rest] of CONTAINER_COMMANDS) {
    if (first === "→" || reading.length === together) await read();
    if (first === "→") answers.push(await answer(rest));
    else reading.push([first!, ...rest]);
  }
  await read();
  return answers;
}

const differences = CONTAINER_DIFFERENCES;

test("of containers, columns, templates, filters and statuses are those that docker was recorded with", { skip: noBusybox || noContainers }, async (context) => {
  const { sampan } = await withContainers(context);
  compare(await askInOrder(sampan, 6), JSON.parse(readFileSync(RECORDED_CONTAINERS, "utf8")) as Answer[], { differences, plain: plainContainers });
});

test("of containers, docker itself answers the same", { skip: noBusybox || noDockerd }, async (context) => {
  const { ok, folder } = await withContainers(context);
  const archive = join(folder, "base-of-docker.tar");
  await ok("save", "-o", archive, "base:1");
  const docker = await startDockerd(context);
  assert.equal(docker("load", "--input", archive).status, 0);
  const tried = docker("run", "--rm", "--network", "none", "base:1", "true");
  if (tried.status !== 0) return context.skip(`needs a dockerd that starts containers: ${tried.stderr.trim()}`);
  const answers = await askInOrder(async (words) => docker(...words), 1);
  docker("rm", "-f", "runs");
  if (RECORDS) writeFileSync(RECORDED_CONTAINERS, `${JSON.stringify(answers.map((answer) => ({ ...answer, stdout: plainContainers(answer) })), null, 1)}\n`);
  compare(JSON.parse(readFileSync(RECORDED_CONTAINERS, "utf8")) as Answer[], answers, { differences, plain: plainContainers });
});
