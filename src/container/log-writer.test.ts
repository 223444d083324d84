import assert from "node:assert/strict";
import { statSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { logFiles, type LogEntry } from "./log-entry.ts";
import { LogWriter } from "./log-writer.ts";
import { readLog } from "./read-log.ts";

async function entries(paths: readonly string[]): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  for await (const entry of readLog(paths)) all.push(entry);
  return all;
}

test("what is written in any pieces is read again, each stream for itself", async (context) => {
  const folder = temporaryFolder(context);
  let runs = 0;
  const texts = fc.array(fc.tuple(fc.constantFrom("stdout" as const, "stderr" as const), fc.string({ unit: fc.constantFrom("a", "ä", "€", "😀", "\n", "\"", "\\", "\u0000"), maxLength: 40 })), { maxLength: 12 });
  await fc.assert(fc.asyncProperty(texts, fc.integer({ min: 1, max: 7 }), async (written, piece) => {
    const paths = logFiles(folder, String(runs += 1), 2);
    const whole = { stdout: "", stderr: "" };
    {
      using log = new LogWriter(paths, 1024 * 1024);
      for (const [stream, text] of written) {
        whole[stream] += text;
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; at += piece) log.write(stream, bytes.subarray(at, at + piece));
      }
    }
    const read = await entries(paths);
    for (const stream of ["stdout", "stderr"] as const) {
      const own = read.filter((entry) => entry.stream === stream).map(({ log }) => log);
      assert.equal(own.join(""), whole[stream]);
      assert.ok(own.every((line, index) => line.endsWith("\n") || index === own.length - 1));
    }
  }), { numRuns: 50 });
});

test("a line without an end is written in pieces that end with a character", async (context) => {
  const paths = logFiles(temporaryFolder(context), "x", 1);
  const text = "€".repeat(20_000);
  {
    using log = new LogWriter(paths, 1024 * 1024);
    log.write("stdout", Buffer.from(text));
  }
  const read = await entries(paths);
  assert.ok(read.length > 3);
  assert.equal(read.map(({ log }) => log).join(""), text);
});

test("files have their size and number, and what the disk does not take is counted", async (context) => {
  const folder = temporaryFolder(context);
  const paths = logFiles(folder, "x", 3);
  {
    using log = new LogWriter(paths, 1000);
    for (let count = 0; count < 200; count += 1) log.write("stdout", Buffer.from(`line ${count}\n`));
    assert.equal(log.loss, "");
  }
  for (const path of paths) assert.ok(statSync(path).size <= 1000);
  const read = (await entries(paths)).map(({ log }) => log);
  assert.deepEqual(read, Array.from({ length: read.length }, (_none, index) => `line ${200 - read.length + index}\n`));

  const full = logFiles(folder, "full", 1);
  symlinkSync("/dev/full", full[0]!);
  using log = new LogWriter(full, 1000);
  log.write("stdout", Buffer.from("lost\n"));
  assert.match(log.loss, /^\d+ bytes of output were not logged: no space left on the device$/);
});
