import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256 } from "../oci/digest.ts";
import { temporaryStore } from "../../test/support/temporary-store.ts";
import { openStore } from "./open-store.ts";

const place = { host: "a.example", repository: "team/app" };
const blob = sha256("blob");

test("an upload is handed out once, and to its own repository only", async (context) => {
  const { uploads } = await temporaryStore(context);
  uploads.note(place, blob, "http://a.example/up/1");
  uploads.note(place, blob, "http://a.example/up/2");
  assert.equal(uploads.take({ ...place, repository: "team/other" }, blob), undefined);
  assert.equal(uploads.take(place, blob), "http://a.example/up/2");
  assert.equal(uploads.take(place, blob), undefined);
  uploads.note(place, blob, "http://a.example/up/3");
  uploads.drop(place, blob);
  assert.equal(uploads.take(place, blob), undefined);
});

test("an upload on which another process works is left alone until that has ended", async (context) => {
  const store = await temporaryStore(context);
  const other = await openStore(store.root);
  other.uploads.note(place, blob, "http://a.example/up/1");
  assert.equal(store.uploads.take(place, blob), undefined);
  await other.close();
  assert.equal(store.uploads.take(place, blob), "http://a.example/up/1");
});

test("after a day an address is worth nothing", async (context) => {
  const { uploads } = await temporaryStore(context);
  context.mock.timers.enable({ apis: ["Date"], now: 1_000 });
  uploads.note(place, blob, "http://a.example/up/1");
  context.mock.timers.tick(24 * 60 * 60 * 1000 + 1);
  assert.equal(uploads.take(place, blob), undefined);
});

test("nobody else can read the addresses", async (context) => {
  const store = await temporaryStore(context);
  store.uploads.note(place, blob, "http://a.example/up/1?token=secret");
  for (const name of ["sampan.db", "sampan.db-wal"]) assert.equal(statSync(join(store.root, name)).mode & 0o777, 0o600, name);
});
