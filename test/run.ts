import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { runFiles } from "./support/run-files.ts";

/**
 * Runs all tests, or those whose file names contain one of the arguments:
 *
 *     npm test                     everything
 *     npm test -- dockerfile       only files with "dockerfile" in their path
 *     npm test -- --no-skips       a skipped test is a failure, unless only a peer outside Debian is missing
 *     npm test -- --second-try     files with failures are run once more, alone; what passes then is listed
 */
const root = join(import.meta.dirname, "..");
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const noSkips = process.argv.includes("--no-skips");
const secondTry = process.argv.includes("--second-try");
/** Peers that are not packages of this Debian, and kinds of cgroups, of which a machine has one: tests that want them may skip even with --no-skips. */
const OPTIONAL_PEERS = /\b(buildctl|BUILDX|buildkitd|BuildKit|crane|conformance|regctl|oras|distribution 3|versitygw|cosign|notation|helm|node-\d[\d.]*|dockerd-containerd|spdx-tools|cyclonedx-python-lib|busybox-static for arm64|arm64 Node to emulate|busybox-static for armhf|Node for musl|dockerd that starts containers|cgroups of version [12]|cgroups that may be divided|namespaces with limits of their own)\b/;
/** It takes minutes, and nothing else should wait for its end. */
const LONGEST = "test/golden/golden.test.ts";

const files = globSync(["src/**/*.test.ts", "test/**/*.test.ts"], { cwd: root })
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort((a, b) => Number(b === LONGEST) - Number(a === LONGEST) || (a < b ? -1 : 1))
  .map((file) => join(root, file));
if (files.length === 0) {
  process.stderr.write(`no test file matches ${filters.join(" ")}\n`);
  process.exit(1);
}

const { passed, skipped, failures: first } = await runFiles(files, { cwd: root, concurrency: availableParallelism() });
/** The test files that a failure is of: one that stands in a contract for several drivers is of all that import it, be it through others. */
function testFilesOf(file: string): readonly string[] {
  const contracts = globSync("test/contract/*-contract.ts", { cwd: root }).map((contract) => join(root, contract));
  const found = new Set([file]);
  for (const each of found) {
    if (files.includes(each)) continue;
    for (const other of [...contracts, ...files]) if (readFileSync(other, "utf8").includes(`/${basename(each)}"`)) found.add(other);
  }
  return files.filter((each) => found.has(each));
}
const again = secondTry ? [...new Set(first.flatMap(({ file }) => (file === undefined ? [] : testFilesOf(file))))].slice(0, 40) : [];
const second = again.length > 0 ? (await runFiles(again, { cwd: root, concurrency: 1 })).failures : [];
const wasRunAgain = ({ file }: (typeof first)[number]): boolean => file !== undefined && testFilesOf(file).length > 0 && testFilesOf(file).every((each) => again.includes(each));
const failures = [...first.filter((failure) => !wasRunAgain(failure)), ...second];

const report = (text: string): void => void process.stdout.write(`${text}\n`);
const listed = (title: string, all: typeof first): void => {
  if (all.length > 0) report(`\n${title}:`);
  for (const { name, file } of all) report(`  ${name}${file === undefined ? "" : `  (${file.replace(`${root}/`, "")})`}`);
};
if (skipped.length > 0) report("\nSkipped:");
for (const { name, reason } of skipped) report(`  ${name}: ${reason}`);
const forbidden = noSkips ? skipped.filter(({ reason }) => !OPTIONAL_PEERS.test(reason)) : [];
if (forbidden.length > 0) report(`\n${forbidden.length} of these may not be skipped here (--no-skips)`);
const passedLater = first.filter((failure) => wasRunAgain(failure) && !second.some(({ file }) => file === failure.file));
listed("Failed at first, and passed at the second try", passedLater);
listed("Failed", failures);
report(`\n${passed + passedLater.length} passed, ${failures.length + forbidden.length} failed, ${skipped.length - forbidden.length} skipped`);
process.exit(failures.length + forbidden.length > 0 ? 1 : 0);
