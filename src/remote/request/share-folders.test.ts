import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedAttrs, sharedFolders } from "./share-folders.ts";

const target = (...folders: [string, string][]) => ({ folders: new Map(folders) });

test("a folder that several targets have gets a session of its own, others stay in their target's", () => {
  const [one, two] = [target(["context", "/a"], ["dockerfile", "/a"], ["more", "/own"]), target(["context", "/b"], ["extra", "/a"])];
  const shared = sharedFolders([one, two], () => "s1");
  assert.deepEqual(shared, [{ path: "/a", names: new Set(["context", "dockerfile", "extra"]), session: "s1" }]);
  assert.deepEqual(sharedAttrs(one, shared), { "local-sessionid:context": "s1", "local-sessionid:dockerfile": "s1" });
  assert.deepEqual(sharedAttrs(two, shared), { "local-sessionid:extra": "s1" });
});

test("of one target nothing is shared", () => {
  assert.deepEqual(sharedFolders([target(["context", "/a"], ["dockerfile", "/a"])], () => "s1"), []);
});
