import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { dockerArchive } from "../support/docker-archive.ts";
import { COMMANDS, DIFFERENCES } from "../support/docker-commands.ts";
import { noDockerd, startDockerd } from "../support/dockerd.ts";
import { scratchSampan } from "../support/run-sampan.ts";

/** What docker's client 28 and engine 20.10 answered; `SAMPAN_RECORD=1` records it anew from the docker that is here. */
const RECORDED = new URL("../golden/docker-words.json", import.meta.url);

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
function plain({ words, stdout }: Answer): string {
  const text = stdout.replace(/\b\d years ago/g, "N years ago");
  return words[0] === "images" || words[1] === "ls" ? text.split("\n").sort().join("\n") : text;
}

function compare(ours: readonly Answer[], docker: readonly Answer[], unknown: (words: readonly string[]) => boolean = () => false): void {
  assert.equal(ours.length, docker.length);
  for (const [index, answer] of ours.entries()) {
    const theirs = docker[index]!;
    const line = answer.words.join(" ");
    if (unknown(answer.words)) continue;
    const difference = DIFFERENCES.find(({ words, exact }) => (exact ? line === words.join(" ") : line.startsWith(words.join(" "))));
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
  if (process.env["SAMPAN_RECORD"] === "1") writeFileSync(RECORDED, `${JSON.stringify(answers.map((answer, index) => (index === 0 ? { ...answer, words: ["load"] } : answer)), null, 1)}\n`);
  // Clients before 23 do not know `json` as a format, and print dates of the year 1 otherwise.
  const unknown = (words: readonly string[]): boolean => client < 23 && (words.includes("json") || words.some((word) => word.includes(".CreatedSince")));
  compare(JSON.parse(readFileSync(RECORDED, "utf8")) as Answer[], answers, unknown);
});
