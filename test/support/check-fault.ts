import assert from "node:assert/strict";
import type { Finished } from "./run-sampan.ts";

export interface ExpectedFault {
  readonly status?: number;
  readonly message: RegExp;
  /** What the hint says; undefined: there is none to give. */
  readonly hint?: RegExp;
  /** The place that the code frame shows, `Dockerfile:2`, and the text of its first line. */
  readonly frame?: { readonly place: string; readonly line: string };
}

/** Checks that a command failed the way a person can act on: status, message, hint, frame, and nothing of our insides. */
export function assertFault({ status, stderr }: Finished, expected: ExpectedFault): void {
  assert.equal(status, expected.status ?? 1, stderr);
  const at = stderr.lastIndexOf("ERROR: ");
  assert.ok(at === 0 || stderr[at - 1] === "\n", `no line begins with ERROR:\n${stderr}`);
  const report = stderr.slice(at);
  assert.match(report.split("\n")[0]!, expected.message);
  assertNoInsides(report);
  const hint = /^hint: .*/m.exec(report)?.[0];
  if (expected.hint) assert.match(hint ?? "", expected.hint, report);
  if (!expected.frame) return;
  const { place, line } = expected.frame;
  const number = place.slice(place.lastIndexOf(":") + 1);
  assert.ok(report.includes(`\n${place}\n----`), `the frame of ${place} is missing:\n${report.slice(0, 2000)}`);
  assert.ok(report.includes(` ${number.padStart(3)} | >>> ${line}`), `line ${number} is not marked:\n${report.slice(0, 2000)}`);
}

/** No stack trace, no warning of Node, no error that is in no table. */
function assertNoInsides(text: string): void {
  assert.doesNotMatch(text, /^\s+at .*(?:\.ts|\.js|node:)/m);
  assert.doesNotMatch(text, /ERROR: unexpected|ExperimentalWarning|node:internal|UnhandledPromise/);
}
