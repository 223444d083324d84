import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { descendantsOf, processesWith } from "./support/process-tree.ts";

/**
 * Runs all tests, or those whose file names contain one of the arguments:
 *
 *     npm test                     everything
 *     npm test -- dockerfile       only files with "dockerfile" in their path
 *     npm test -- --no-skips       a skipped test is a failure, unless only a peer outside Debian is missing
 */
const root = join(import.meta.dirname, "..");
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const noSkips = process.argv.includes("--no-skips");
/** Peers that are not Debian packages: tests that want them may skip even with --no-skips. */
const OPTIONAL_PEERS = /\b(buildctl|buildkitd|BuildKit|crane|conformance|regctl|oras|distribution 3|versitygw)\b/;

/** Milliseconds without a word from any test after which the run counts as stuck: many times what the longest test takes on a slow machine. */
const STUCK = Number(process.env["SAMPAN_STUCK_AFTER"] ?? 12 * 60_000);

const files = globSync(["src/**/*.test.ts", "test/**/*.test.ts"], { cwd: root })
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort()
  .map((file) => join(root, file));
if (files.length === 0) {
  process.stderr.write(`no test file matches ${filters.join(" ")}\n`);
  process.exit(1);
}

let passed = 0;
let failed = 0;
const skipped: { name: string; reason: string }[] = [];
const failures: string[] = [];

const events = run({ files, concurrency: availableParallelism(), cwd: root });
events.on("test:pass", ({ name, skip, details }) => {
  if (details.type === "suite" || files.includes(name)) return;
  if (skip === undefined || skip === false) passed += 1;
  else skipped.push({ name, reason: String(skip) });
});
events.on("test:fail", ({ name, file, details }) => {
  if (details.type === "suite") return;
  failed += 1;
  failures.push(`${name}${file === undefined ? "" : `  (${file.replace(`${root}/`, "")})`}`);
});
events.on("end", () => {
  clearTimeout(watch);
  summarize();
});

/**
 * A test that waits for ever, or whose processes outlive it and hold its output open, would keep the run from ending:
 * such a run is ended here, and says what was still there.
 */
let watch = setTimeout(giveUp, STUCK);
events.on("data", () => {
  clearTimeout(watch);
  watch = setTimeout(giveUp, STUCK);
});
function giveUp(): void {
  const own = descendantsOf(process.pid);
  const begun = descendantsOf(process.ppid).find(({ pid }) => pid === process.pid)!.started;
  const since = processesWith("").filter(({ started }) => Number(started) >= Number(begun));
  failed += 1;
  failures.push(`no word from a test for ${STUCK / 1000} s, while these ran:`, ...since.map(({ pid, parent, command }) => `  ${pid} of ${parent}: ${command.trim().slice(-160)}`));
  for (const { pid } of own) process.kill(pid, "SIGKILL");
  summarize();
  process.exit(1);
}

function summarize(): void {
  const report = (text: string): void => void process.stdout.write(`${text}\n`);
  if (skipped.length > 0) {
    report("\nSkipped:");
    for (const { name, reason } of skipped) report(`  ${name}: ${reason}`);
  }
  const forbidden = noSkips ? skipped.filter(({ reason }) => !OPTIONAL_PEERS.test(reason)) : [];
  if (forbidden.length > 0) report(`\n${forbidden.length} of these may not be skipped here (--no-skips)`);
  if (failures.length > 0) {
    report("\nFailed:");
    for (const failure of failures) report(`  ${failure}`);
  }
  report(`\n${passed} passed, ${failed + forbidden.length} failed, ${skipped.length - forbidden.length} skipped`);
  process.exitCode = failed + forbidden.length > 0 ? 1 : 0;
}
events.compose(spec).pipe(process.stdout);
