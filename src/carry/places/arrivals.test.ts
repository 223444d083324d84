import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrivals } from "./arrivals.ts";

const { signal } = new AbortController();
const DIGEST = `sha256:${"a".repeat(64)}` as const;

test("a blob on its way to one repository is waited for by the others of that host, and by nobody else", async () => {
  const arrivals = new Arrivals();
  const { promise, resolve } = Promise.withResolvers<void>();
  const sending = arrivals.sending("here", "one", DIGEST, () => promise);
  let found: string | undefined | null = null;
  const looking = arrivals.elsewhere("here", "two", DIGEST, signal).then((repository) => { found = repository; });
  assert.equal(await arrivals.elsewhere("here", "one", DIGEST, signal), undefined);
  assert.equal(await arrivals.elsewhere("there", "two", DIGEST, signal), undefined);
  assert.equal(found, null);
  resolve();
  await Promise.all([sending, looking]);
  assert.equal(found, "one");
});

test("one that did not arrive is nowhere, and its sender is told why", async () => {
  const arrivals = new Arrivals();
  const sending = arrivals.sending("here", "one", DIGEST, () => Promise.reject(new Error("full")));
  const looking = arrivals.elsewhere("here", "two", DIGEST, signal);
  await assert.rejects(sending, /full/);
  assert.equal(await looking, undefined);
  assert.equal(await arrivals.elsewhere("here", "two", DIGEST, signal), undefined);
});

test("who gives up waits no longer, while the blob goes on", async () => {
  const arrivals = new Arrivals();
  const { promise, resolve } = Promise.withResolvers<void>();
  const sending = arrivals.sending("here", "one", DIGEST, () => promise);
  const stop = new AbortController();
  const looking = arrivals.elsewhere("here", "two", DIGEST, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(looking, /enough/);
  await assert.rejects(arrivals.elsewhere("here", "two", DIGEST, stop.signal), /enough/);
  resolve();
  await sending;
  assert.equal(await arrivals.elsewhere("here", "two", DIGEST, signal), "one");
});
