import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { openStore } from "./open-store.ts";

test("a digest is known for as long as the file has the same state, also after the store was closed", async (context) => {
  const root = temporaryFolder(context);
  {
    await using store = await openStore(root);
    store.fileDigests.put("66305:18446744073709551615:12:1700000000000000001:1700000000000000002", sha256("a"), "/context");
    store.fileDigests.put("66305:17:3:1:2", sha256("b"), "1k");
    assert.equal(store.fileDigests.get("66305:17:3:1:2"), sha256("b"));
  }
  await using store = await openStore(root);
  assert.equal(store.fileDigests.get("66305:18446744073709551615:12:1700000000000000001:1700000000000000002"), sha256("a"));
  assert.equal(store.fileDigests.get("66305:18446744073709551615:12:1700000000000000001:1700000000000000003"), undefined);
  store.fileDigests.put("66305:17:4:1:2", sha256("c"), "1k");
  assert.equal(store.fileDigests.get("66305:17:3:1:2"), undefined);
  assert.deepEqual(store.fileDigests.load("1k"), new Map([["66305:17:4:1:2", sha256("c")]]));
  assert.deepEqual(store.fileDigests.load("/elsewhere"), new Map());
});
