import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { actor, GRACE, LONG, pushBlob, putManifest, scratchStorage } from "../../../test/support/kept-storage.ts";
import type { Metadata } from "../storage/metadata.ts";
import { joinStorage } from "../storage/storage.ts";
import { collectGarbage } from "./collect-garbage.ts";

/** The same records, with something that happens before one of the calls. */
function before<Name extends keyof Metadata>(metadata: Metadata, name: Name, happen: () => Promise<unknown>): Metadata {
  return new Proxy(metadata, {
    get: (target, key) => {
      const value = Reflect.get(target, key) as unknown;
      return key === name ? async (...words: unknown[]) => (await happen(), (value as (...words: unknown[]) => unknown)(...words)) : value;
    },
  });
}

test("a collector that sleeps after it has claimed a blob leaves the bytes that were pushed and acknowledged meanwhile", async (context) => {
  const setting = await scratchStorage(context);
  const { storage } = setting;
  const digest = await pushBlob(setting, "a", "hello");
  setting.later(LONG);
  const sleepy = before(storage.metadata, "forgetBlob", async () => {
    assert.equal(await pushBlob(setting, "a", "hello"), digest);
    await putManifest(setting, "a", { blobs: [digest] }, ["1"]);
  });
  const garbage = await collectGarbage({ blobs: storage.blobs, metadata: sleepy, arriving: storage.arriving }, { grace: GRACE, untagged: false });
  assert.equal(garbage.blobs, 0);
  assert.equal(await storage.blobs.size(digest, { fresh: true }), 5);
  assert.equal(await storage.metadata.blobSize("a", digest), 5);
  assert.deepEqual(readdirSync(join(setting.root, "temporary")), []);
});

test("a collection from its beginning to its end between a push's look at the bytes and its record: the bytes are stored again", async (context) => {
  const setting = await scratchStorage(context);
  await pushBlob(setting, "a", "hello");
  setting.later(LONG);
  let collections = 0;
  const overtaken = before(setting.storage.metadata, "addBlob", async () => {
    if (collections++ === 0) assert.equal((await setting.collect()).blobs, 1);
  });
  const digest = await pushBlob({ storage: joinStorage(setting.storage.blobs, overtaken) }, "a", "hello");
  assert.equal(await setting.storage.blobs.size(digest, { fresh: true }), 5);
});

test("what a collector that was killed has claimed goes with the next collection", async (context) => {
  const setting = await scratchStorage(context);
  const digest = await pushBlob(setting, "a", "hello");
  assert.equal(await setting.storage.metadata.unlinkBlob("a", digest, actor), "last");
  setting.later(LONG);
  await setting.collect();
  assert.equal(await setting.storage.metadata.blobState(digest), "unknown");
  assert.equal(await setting.storage.blobs.size(digest, { fresh: true }), undefined);
});
