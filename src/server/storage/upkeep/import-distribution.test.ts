import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../../test/support/scratch-registry.ts";
import { makeRegistryFolder } from "../open-folder-storage.ts";
import { importDistribution } from "./import-distribution.ts";
import { openBeside } from "./open-beside.ts";

const report = (problem: Error): void => {
  throw problem;
};

test("what a server beside it removes between bytes and records of an import is brought again", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-import-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [root, old] = [join(folder, "root"), join(folder, "old")];
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const base = join(old, "docker/registry/v2");
  // What people leave there, and repositories that they have moved to another disk.
  put(join(base, "repositories/notes.txt"), "");
  put(join(base, "repositories/app/_manifests/tags/.DS_Store"), "");
  put(join(base, "repositories/app/_manifests/tags/odd"), "");
  put(join(base, "repositories/app/_layers/odd"), "");
  symlinkSync("..", join(base, "repositories/app/loop"));
  symlinkSync("nowhere", join(base, "repositories/broken"));
  const contents = ["removed already", "about to be removed", "nothing happens to it"];
  for (const text of contents) {
    const hex = digestOf(text).slice(7);
    put(join(base, "blobs/sha256", hex.slice(0, 2), hex, "data"), text);
    put(join(base, "repositories/app/_layers/sha256", hex, "link"), digestOf(text));
  }
  const moved = digestOf(contents[2]!);
  put(join(folder, "elsewhere/deep/_layers/sha256", moved.slice(7), "link"), moved);
  symlinkSync(join(folder, "elsewhere"), join(base, "repositories/linked"));
  mkdirSync(root);
  await makeRegistryFolder(root, { records: undefined, report });
  await using target = await openBeside(root, { lease: 60_000, report });
  const pathOf = (text: string): string => join(root, "blobs/sha256", digestOf(text).slice(7));
  let calls = 0;
  const { metadata } = target;
  const beside = {
    ...target,
    metadata: {
      ...metadata,
      importRepository: async (...given: Parameters<typeof metadata.importRepository>) => {
        calls += 1;
        if (calls === 1) {
          rmSync(pathOf(contents[0]!));
          assert.ok(await metadata.claimLeftover(digestOf(contents[1]!)));
        }
        return metadata.importRepository(...given);
      },
    },
  };
  await importDistribution(beside, old, { copy: false, onRepository: () => undefined, report });
  for (const text of contents) {
    assert.equal(existsSync(pathOf(text)) && readFileSync(pathOf(text), "utf8"), text);
    assert.equal(await metadata.blobState(digestOf(text)), "live");
    assert.equal(await metadata.blobSize("app", digestOf(text)), text.length);
  }
  assert.deepEqual((await metadata.repositories({})).items, ["app", "linked/deep"]);
});
