import assert from "node:assert/strict";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder, temporaryStore } from "../../test/support/temporary-store.ts";
import { digestTree } from "./digest-tree.ts";

const much: Readonly<Record<string, (folder: string) => void>> = {
  "a large file": (folder) => {
    writeFileSync(join(folder, "large"), "");
    truncateSync(join(folder, "large"), 512 * 1024 * 1024);
  },
  "many files": (folder) => {
    for (let index = 0; index < 5000; index += 1) writeFileSync(join(folder, `file${index}`), "2");
  },
};

for (const [what, write] of Object.entries(much)) {
  test(`${what} that no build has read can be given up meanwhile, beside known ones as well`, async (context) => {
    const store = await temporaryStore(context);
    const folder = temporaryFolder(context);
    const selected = { tree: { layers: [folder], zeroOwner: true }, sources: ["."], wildcards: true };
    writeFileSync(join(folder, "small"), "1");
    await new Promise((resolve) => setTimeout(resolve, 150)); // files that young are not learned
    assert.equal((await digestTree(store, selected, new AbortController().signal)).learned.length, 1);
    write(folder);
    const given = new AbortController();
    setTimeout(() => given.abort(new Error("given up")), 10);
    await assert.rejects(digestTree(store, selected, given.signal), /given up/);
  });
}
