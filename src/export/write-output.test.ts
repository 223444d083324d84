import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { test, type TestContext } from "node:test";
import { writeOutput } from "./write-output.ts";

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-output-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const say = (text: string) => async (output: Writable): Promise<void> => void output.write(text);

test("a file is replaced when the new one is whole, and a link to it stays a link", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "real"), "old");
  symlinkSync("real", join(folder, "link"));
  await assert.rejects(writeOutput("link", folder, async (output) => { output.write("half"); throw new Error("no more"); }), /no more/);
  assert.deepEqual([readdirSync(folder).sort(), readFileSync(join(folder, "real"), "utf8")], [["link", "real"], "old"]);
  await writeOutput("link", folder, say("new"));
  assert.deepEqual([lstatSync(join(folder, "link")).isSymbolicLink(), readFileSync(join(folder, "real"), "utf8"), readdirSync(folder).length], [true, "new", 2]);
  await assert.rejects(writeOutput(".", folder, say("x")), { code: "OUTPUT_INVALID" });
});

test("a pipe is written into, and never replaced", async (context) => {
  const pipe = join(temporaryFolder(context), "pipe");
  execFileSync("mkfifo", [pipe]);
  const reader = spawn("cat", [pipe]);
  const read = reader.stdout.setEncoding("utf8").toArray();
  await writeOutput(pipe, "/", say("through"));
  assert.deepEqual([(await read).join(""), lstatSync(pipe).isFIFO()], ["through", true]);
});
