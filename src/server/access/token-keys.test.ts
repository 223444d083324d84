import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rotatingTokenKeys } from "./token-keys.ts";

test("a damaged key is reported once and left out", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-keys-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "broken.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA");
  const problems: string[] = [];
  const keys = rotatingTokenKeys(folder, { rotation: 3_600_000, keep: 3_600_000, report: ({ message }) => problems.push(message) });
  const { id } = await keys.signing();
  assert.ok(await keys.verifying(id));
  assert.equal(await keys.verifying("unknown"), undefined);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /broken\.pem.*no private key/);
});
