import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DemoFailure } from "../../examples/demo-failure.ts";
import { makePythonBase } from "../../examples/make-python-base.ts";

test("a demo that cannot go on says what failed and what to do, without a stack", async () => {
  const demo = spawnSync(process.execPath, [join(import.meta.dirname, "../../examples/demo.ts")], { encoding: "utf8", env: { ...process.env, SAMPAN_ROOT: "/dev/null/store" }, timeout: 60_000 });
  assert.equal(demo.status, 1);
  assert.match(demo.stderr, /The demo failed: ENOTDIR: .*\/dev\/null\/store.*\nWhat to do: .*SAMPAN_ROOT names another folder/);
  assert.doesNotMatch(demo.stderr, /^ +at /m);

  const folder = mkdtempSync(join(tmpdir(), "sampan-demo-failures-"));
  const path = process.env["PATH"];
  try {
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/apt-get"), "#!/bin/sh\necho 'E: no source has it' >&2\nexit 100\n");
    chmodSync(join(folder, "bin/apt-get"), 0o755);
    process.env["PATH"] = `${join(folder, "bin")}:${path}`;
    await assert.rejects(makePythonBase({ sampan: "nowhere", environment: process.env, tag: "python:3.9-slim", say: () => {} }), (error) => {
      assert.ok(error instanceof DemoFailure);
      assert.match(`${error.message}\n${error.advice}`, process.getuid?.() === 0 ? /apt-get failed with status 100:\nE: no source has it\n.*check its sources and the network/s : /needs root/);
      return true;
    });
  } finally {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true, force: true });
  }
});
