import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runSampan } from "../support/run-sampan.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

test("registry usage shows namespaces and quotas beside the server, and counts what is shared once", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-usage-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, "r.yaml");
  writeFileSync(config, 'quota: [{repositories: "team/**", bytes: 1MB, tags: 5}]\n');
  const registry = await scratchRegistry(context, { config });
  await registry.pushBlob("team/a", "x".repeat(600));
  await registry.pushBlob("team/b/c", "x".repeat(600));
  await registry.pushBlob("alone", "y".repeat(50));
  const { status, stdout, stderr } = await runSampan(["registry", "usage", "--root", registry.root, "--config", config]);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "REPOSITORIES   SIZE   SIZE QUOTA   TAGS   TAG QUOTA\nalone          50B                 0\nteam/**        600B                0\nteam/**        600B   1MB          0      5\n");
  const json = await runSampan(["registry", "usage", "--root", registry.root, "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), [{ repositories: "alone", bytes: 50, tags: 0 }, { repositories: "team/**", bytes: 600, tags: 0 }]);
});
