import assert from "node:assert/strict";
import { test } from "node:test";
import { scratchSampan } from "../support/run-sampan.ts";

interface Row { readonly name: string; readonly ok: boolean; readonly why: string; readonly needed: boolean; readonly mend?: string }

test("doctor says for each thing whether it is well and why, and its status says whether this machine can build", async (context) => {
  const { sampan } = scratchSampan(context);
  const [text, json] = await Promise.all([sampan(["doctor"]), sampan(["doctor", "--format", "json"])]);
  const rows = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Row);
  assert.ok(rows.length >= 6);
  for (const { name, ok, why } of rows) {
    assert.notEqual(why, "", name);
    assert.match(text.stdout, new RegExp(`^${ok ? "ok" : "not ok"} +${name} `, "m"));
  }
  const stops = rows.some((row) => row.needed && !row.ok);
  assert.equal(text.status, stops ? 1 : 0);
  assert.match(text.stdout, stops ? /Nothing can be built here/ : /This machine can build and run images/);
});

test("where the store cannot be, doctor says so, what mends it, and ends with status 1", async (context) => {
  const { sampan } = scratchSampan(context);
  const { status, stdout } = await sampan(["doctor"], { env: { SAMPAN_ROOT: "/proc/sampan" } });
  assert.equal(status, 1);
  const line = stdout.replace(/\n +/g, " ");
  assert.match(line, /^not ok +overlay +\/proc.*mend it with: set SAMPAN_ROOT/m);
  assert.match(line, /Nothing can be built here until this is mended: .*overlay/);
});
