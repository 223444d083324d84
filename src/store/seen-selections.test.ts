import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { openStore } from "./open-store.ts";

test("what was seen of a selection is known when the store is opened again, and is no digest of the context's files", async (context) => {
  const root = temporaryFolder(context);
  const seen = { state: sha256("state"), digest: sha256("content"), count: 3, files: 2, bytes: 10 };
  {
    await using store = await openStore(root);
    store.fileDigests.put("1:2:3:4:5", sha256("a"), "/context");
    store.seenSelections.put("first", { ...seen, state: sha256("earlier") });
    store.seenSelections.put("first", seen);
  }
  await using store = await openStore(root);
  assert.deepEqual(store.seenSelections.get("first", "/context"), seen);
  assert.equal(store.seenSelections.get("second", "/context"), undefined);
  assert.deepEqual(store.fileDigests.load("/context"), new Map([["1:2:3:4:5", sha256("a")]]));
});
