import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { streamOf, temporaryStore } from "../../../test/support/temporary-store.ts";
import type { Digest } from "../../oci/digest.ts";
import { Database } from "../database.ts";
import type { RemovalPlace } from "../removal.ts";
import { checkBlobs } from "./check-blobs.ts";

test("a blob that was removed and came again while it was read is not damaged", async (context) => {
  const store = await temporaryStore(context);
  const { digest } = await store.blobs.write(streamOf(Buffer.from("blob")));
  const database = new Database(join(store.root, "sampan.db"));
  context.after(() => database.close());
  for (const again of [true, false]) {
    let asked = 0;
    // It is gone when it is to be read, and there when it is asked why.
    const path = (of: Digest): string => {
      asked += 1;
      if (asked > 1) return store.blobs.path(of);
      if (again) database.run("UPDATE blob SET created_at = created_at + 1 WHERE digest = ?", of);
      return join(store.root, "gone");
    };
    const problems = await checkBlobs({ database, blobs: { path } } as unknown as RemovalPlace, { onBytes: () => {} });
    assert.deepEqual([...problems.keys()].map((row) => row.digest), again ? [] : [digest]);
  }
});
