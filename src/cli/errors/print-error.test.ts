import assert from "node:assert/strict";
import { test } from "node:test";
import { fault } from "../../std/fault.ts";
import { plainError, reviveError } from "../../std/plain-error.ts";
import type { Io } from "../io.ts";
import { asFault } from "./as-fault.ts";
import { causeLines } from "./cause-lines.ts";
import { printError } from "./print-error.ts";

async function printed(error: unknown, env: NodeJS.ProcessEnv = {}): Promise<{ status: number; text: string }> {
  let text = "";
  const stream = { write: (chunk: string) => ((text += chunk), true) } as unknown as NodeJS.WriteStream;
  const status = await printError(error, { stderr: stream, env } as Io);
  return { status, text };
}

test("a fault is shown with its cause, its lines and what to do, and gives its status", async () => {
  const location = { file: "Dockerfile", text: "FROM a\nRUNN b\n", startLine: 2, endLine: 2 };
  const error = fault("USAGE", { problem: "that was wrong", hint: "do this" }, { cause: new Error("deep"), location });
  const { status, text } = await printed(error);
  assert.equal(status, 2);
  assert.match(text, /^ERROR: that was wrong\n {2}cause: deep\n\nDockerfile:2\n[^]*>>> RUNN b[^]*hint: do this\n/);
});

test("system errors that a person can mend become faults", async () => {
  const system = (code: string, path?: string): Error => Object.assign(new Error(`${code}: x`), { code, path });
  assert.equal(asFault(system("ENOSPC", "/store"))!.code, "DISK_FULL");
  assert.equal(asFault(system("EROFS"))!.code, "READ_ONLY");
  assert.equal((await printed(system("ENOENT", "/a/b"))).text, "ERROR: /a/b: no such file or directory\n  cause: ENOENT: x\n");
  assert.match((await printed(system("EEXIST", "/link"))).text, /^ERROR: \/link: something else is in its place, .* a link that leads nowhere\n/);
  for (const code of ["ELOOP", "ENAMETOOLONG"]) assert.equal(asFault(system(code, "/a"))!.code, "FILE_PROBLEM");
  assert.equal(asFault(system("ENOENT")), undefined);
  // Of a copy that fails, what could not be written is named, and what could not be read.
  const copy = (path: string): Error => reviveError(plainError(Object.assign(system("EACCES", path), { dest: "/usr/there" })));
  assert.match((await printed(copy(import.meta.filename))).text, /^ERROR: \/usr\/there: permission denied\n/);
  assert.match((await printed(copy("/not/there"))).text, /^ERROR: \/not\/there: permission denied\n/);
});

test("an error that is in no table is called unexpected, without its stack unless asked for", async () => {
  const { status, text } = await printed(new TypeError("odd"));
  assert.equal(status, 1);
  assert.match(text, /^ERROR: unexpected: odd\nhint: .*SAMPAN_DEBUG=1/);
  assert.doesNotMatch(text, /at /);
  assert.match((await printed(new TypeError("odd"), { SAMPAN_DEBUG: "1" })).text, /TypeError: odd\n {4}at /);
});

test("causes are told once each, those of several attempts in one line, however deep", () => {
  const attempts = new AggregateError([new Error("refused v4"), new Error("refused v6"), new Error("refused v4")], "");
  const chain = new Error("top", { cause: new Error("middle: bottom", { cause: new Error("bottom", { cause: attempts }) }) });
  assert.deepEqual(causeLines(chain), ["  cause: middle: bottom", "  cause: refused v4; refused v6"]);
  const circle = new Error("round");
  circle.cause = circle;
  assert.deepEqual(causeLines(circle), []);
});

test("what a stranger says in an error does not reach the terminal as commands", async () => {
  const error = fault("USAGE", { problem: "it said \u001b]52;c;cm0=\u0007\u009b2J\nand \tmore", hint: "\u001b[31mtry" }, { cause: new Error("\u001b[2Jdeep\r") });
  const { text } = await printed(error);
  assert.match(text, /^ERROR: it said \\x1b\]52;c;cm0=\\x07\\x9b2J\nand \tmore\n {2}cause: \\x1b\[2Jdeep\\x0d\n/);
  assert.doesNotMatch(text, /[^\P{Cc}\n\t]/u);
});
