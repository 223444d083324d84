import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { buildOutputs } from "../cli/build/outputs.ts";
import { build } from "./build.ts";

test("when a step fails, the layers of others that are being packed are given up before the store is closed", { skip: process.platform !== "linux" && "open files are read in /proc" }, async (context) => {
  const folder = temporaryFolder(context);
  const [root, source] = [join(folder, "store"), join(folder, "context")];
  mkdirSync(source);
  // To compress that takes longer than to find out that the next step fails.
  writeFileSync(join(source, "large"), randomBytes(64 * 1024 * 1024));
  writeFileSync(join(source, "small"), "");
  writeFileSync(join(source, "Dockerfile"), "FROM scratch AS other\nCOPY small /\nFROM scratch\nCOPY large /\nCOPY --from=other /missing /\n");
  const outputs = buildOutputs({ output: [`type=oci,dest=${join(folder, "image.tar")},compression-level=9`], push: false, load: false, several: false, terminal: false });
  await assert.rejects(build({ root, cwd: folder, context: source, outputs }), /not found/);
  assert.deepEqual(openFilesBelow(join(root, "tmp")), []);
  assert.deepEqual(readdirSync(join(root, "tmp")), []);
});

/** Also of files that have been removed. */
function openFilesBelow(folder: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // it was that of the folder itself
    }
  });
}
