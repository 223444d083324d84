import assert from "node:assert/strict";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { removeTree } from "./remove-tree.ts";

test("a folder goes also where somebody who is about to end still makes files in it", async (context) => {
  const folder = join(temporaryFolder(context), "tree");
  for (let round = 0; round < 5; round += 1) {
    mkdirSync(folder);
    const child = spawn("/bin/sh", ["-c", 'echo; i=0; while : >"$0/$i"; do i=$((i + 1)); done', folder], { stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(child, "close");
    await once(child.stdout!, "data");
    setTimeout(() => child.kill("SIGKILL"), 20);
    await removeTree(folder);
    await ended;
    assert.equal(existsSync(folder), false);
  }
});
