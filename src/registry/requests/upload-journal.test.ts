import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { sha256 } from "../../oci/digest.ts";
import { parseReference } from "../../oci/reference.ts";
import { registryError, reply, startScriptedServer, type SeenRequest } from "../../../test/support/scripted-server.ts";
import { createTestClock } from "../../../test/support/test-clock.ts";
import { accepted, blob, created, script } from "../../../test/support/upload-script.ts";
import { createRegistryClient, type RegistryClient } from "../client.ts";
import { anonymous } from "../credentials/credentials.ts";
import type { UploadJournal } from "./upload-journal.ts";
import type { UploadBlob } from "./upload-requests.ts";

/** The journal of a store, in memory. */
function createJournal(notes: [string, string][] = []): UploadJournal & { readonly notes: Map<string, string> } {
  const map = new Map(notes);
  return {
    notes: map,
    note: (_place, digest, location) => void map.set(digest, location),
    take(_place, digest) {
      const location = map.get(digest);
      map.delete(digest);
      return location;
    },
    drop: (_place, digest) => void map.delete(digest),
  };
}
const large = Buffer.from(Array.from({ length: 2_000_000 }, (_, index) => index % 249));
const largeBlob: UploadBlob = {
  digest: sha256(large),
  size: large.length,
  async *open(start) {
    for (let at = start; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000);
  },
};
const withJournal = (journal: UploadJournal): RegistryClient => createRegistryClient({ credentials: anonymous, environment: {}, clock: createTestClock(), journal });
const at = (location: string, range: string) => (_request: SeenRequest, response: ServerResponse): void => reply(response, 204, { location, range });

test("an upload that an earlier push left is gone on with where that was", async () => {
  await using server = await startScriptedServer(script({ GET: [at("/up/7", "0-1499999")], PATCH: [accepted("/up/8")], PUT: [created] }));
  const journal = createJournal([[largeBlob.digest, `${server.origin}/up/6`]]);
  await using client = withJournal(journal);
  assert.deepEqual(await client.blobPut(parseReference(`${server.host}/a`), largeBlob), { sent: 500_000 });
  const [, asked, patch, put] = server.requests;
  assert.equal(asked!.url, "/up/6");
  assert.deepEqual([patch!.url, patch!.headers["content-range"]], ["/up/7", "1500000-1999999"]);
  assert.ok(patch!.body.equals(large.subarray(1_500_000)));
  assert.match(put!.url, /^\/up\/8\?digest=/);
  assert.equal(put!.body.length, 0);
  assert.equal(journal.notes.size, 0);
});

test("of an upload that had all of the bytes only the end is asked for", async () => {
  await using server = await startScriptedServer(script({ GET: [at("/up/7", "0-1999999")], PUT: [created] }));
  await using client = withJournal(createJournal([[largeBlob.digest, `${server.origin}/up/6`]]));
  assert.deepEqual(await client.blobPut(parseReference(`${server.host}/a`), largeBlob), { sent: 0 });
  assert.deepEqual(server.requests.map(({ method }) => method), ["GET", "GET", "PUT"]);
});

for (const [what, answer] of [
  ["is not known any more", (_: SeenRequest, response: ServerResponse) => reply(response, 404, {}, registryError("BLOB_UPLOAD_UNKNOWN", "gone"))],
  ["has more bytes than the blob", at("/up/7", "0-9999999")],
] as const) {
  test(`an earlier upload that ${what} is forgotten, and a new one is opened`, async () => {
    await using server = await startScriptedServer(script({ GET: [answer], POST: [accepted("/up/9")], PUT: [created] }));
    const journal = createJournal([[largeBlob.digest, `${server.origin}/up/6`]]);
    await using client = withJournal(journal);
    assert.deepEqual(await client.blobPut(parseReference(`${server.host}/a`), largeBlob), { sent: large.length });
    assert.ok(server.requests.at(-1)!.body.equals(large));
    assert.equal(journal.notes.size, 0);
  });
}

test("a registry that is still taking what a killed push had sent is asked again for the offset", async () => {
  const moved = (_: SeenRequest, response: ServerResponse): void => reply(response, 416, {}, registryError("RANGE_INVALID", "no"));
  await using server = await startScriptedServer(script({ GET: [at("/up/6", "0-999999"), at("/up/6", "0-1199999")], PATCH: [moved, accepted("/up/7")], PUT: [created] }));
  await using client = withJournal(createJournal([[largeBlob.digest, `${server.origin}/up/6`]]));
  assert.deepEqual(await client.blobPut(parseReference(`${server.host}/a`), largeBlob), { sent: 800_000 });
  assert.deepEqual(server.requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["content-range"]), ["1000000-1999999", "1200000-1999999"]);
});

test("an earlier upload that the registry will not go on with is no reason to fail", async () => {
  const busy = (_: SeenRequest, response: ServerResponse): void => reply(response, 409, {}, registryError("BLOB_UPLOAD_INVALID", "busy"));
  await using server = await startScriptedServer(script({ GET: [at("/up/6", "0-999")], PATCH: [busy], POST: [accepted("/up/9")], PUT: [created] }));
  await using client = withJournal(createJournal([[largeBlob.digest, `${server.origin}/up/6`]]));
  assert.deepEqual(await client.blobPut(parseReference(`${server.host}/a`), largeBlob), { sent: large.length });
});

test("an upload is noted while it goes, small ones are not, and one that fails stays noted", async () => {
  const journal = createJournal();
  const seen: string[] = [];
  const put = (_: SeenRequest, response: ServerResponse): void => {
    seen.push(...journal.notes.values());
    reply(response, 403, {}, registryError("DENIED", "no"));
  };
  await using server = await startScriptedServer(script({ POST: [accepted("/up/1")], PUT: [put] }));
  await using client = withJournal(journal);
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), blob));
  assert.deepEqual(seen, []);
  await assert.rejects(client.blobPut(parseReference(`${server.host}/a`), largeBlob));
  assert.deepEqual(seen, [`${server.origin}/up/1`]);
  assert.deepEqual([...journal.notes], [[largeBlob.digest, `${server.origin}/up/1`]]);
});
