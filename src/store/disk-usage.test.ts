import assert from "node:assert/strict";
import { linkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { openStore, type Store } from "./open-store.ts";

/** A layer of 1000 bytes that was made on its own, and what COPY --link makes of it upon two other layers of 100 bytes. */
function linkedStacks(store: Store, size?: number): string[] {
  const layer = store.snapshots.prepare();
  writeFileSync(join(layer.upper, "file"), "x".repeat(1000));
  const made = store.snapshots.commit(layer, { createdAt: 1, size });
  const merged = [1, 2].map((number) => {
    const below = store.snapshots.prepare();
    writeFileSync(join(below.upper, "below"), "x".repeat(100));
    const active = store.snapshots.prepare(store.snapshots.commit(below, { createdAt: number, size: 100 }).id);
    linkSync(join(made.folder, "file"), join(active.upper, "file"));
    return active;
  });
  const first = store.snapshots.commit(merged[0]!, { createdAt: 1, size: made.size, links: made.id });
  // The second one is linked from the first, as where the layer itself is not known any more.
  const second = store.snapshots.commit(merged[1]!, { createdAt: 2, size: made.size, links: first.id });
  return [made.id, first.id, second.id];
}

for (const size of [1000, undefined]) {
  test(`files that are linked into several snapshots count once, their size being ${size === undefined ? "measured" : "noted"}`, async (context) => {
    for (const { kept, bytes } of [{ kept: [0], bytes: 1000 }, { kept: [1], bytes: 1100 }, { kept: [0, 1], bytes: 1100 }, { kept: [1, 2], bytes: 1200 }, { kept: [0, 1, 2], bytes: 1200 }]) {
      const root = temporaryFolder(context);
      const first = await openStore(root);
      const ids = linkedStacks(first, size);
      for (const snapshot of kept.map((index) => ids[index]!)) {
        first.cache.save({ key: sha256(snapshot), resultId: sha256(snapshot), snapshot, slot: `project/stage/1/${snapshot}`, components: {}, createdAt: 1, aliases: [] });
      }
      // What a process has made is in use as long as it lives.
      await first.close();
      const store = await openStore(root);
      const usage = await store.diskUsage();
      assert.equal(usage.cache.size, bytes, `kept: ${kept.join()}`);
      assert.equal(usage.kept.nothing, 1200 - bytes);
      assert.deepEqual(usage.records.map((record) => record.size), kept.map(() => 1000));
      assert.equal(store.usage().snapshotBytes, 1200);
      await store.close();
    }
  });
}
