import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder, temporaryStore } from "../../test/support/temporary-store.ts";
import { digestTree } from "./digest-tree.ts";

test("a large file that no build has read can be given up while it is read, beside known ones as well", async (context) => {
  const store = await temporaryStore(context);
  const folder = temporaryFolder(context);
  const selected = { tree: { layers: [folder], zeroOwner: true }, sources: ["."], wildcards: true };
  writeFileSync(join(folder, "small"), "1");
  await new Promise((resolve) => setTimeout(resolve, 150)); // files that young are not learned
  assert.equal((await digestTree(store, selected, new AbortController().signal)).learned.length, 1);
  writeFileSync(join(folder, "large"), "");
  truncateSync(join(folder, "large"), 512 * 1024 * 1024);
  const given = new AbortController();
  setTimeout(() => given.abort(new Error("given up")), 10);
  await assert.rejects(digestTree(store, selected, given.signal), /given up/);
});
