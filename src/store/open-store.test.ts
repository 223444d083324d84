import assert from "node:assert/strict";
import { chmodSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { openStore } from "./open-store.ts";

test("others can read nothing of a store, even if its folder was there before and is open to them", async (context) => {
  const root = temporaryFolder(context);
  chmodSync(root, 0o755);
  await using store = await openStore(root);
  store.blobs.writeBytes(Buffer.from("a secret"));
  for (const name of readdirSync(root)) {
    if (name !== "oci-layout") assert.equal(statSync(join(root, name)).mode & 0o077, 0, name);
  }
  assert.ok(readdirSync(root).includes("sampan.db-wal"));
});
