import assert from "node:assert/strict";
import { test } from "node:test";
import { Arrivals } from "./arrivals.ts";

const DIGEST = `sha256:${"a".repeat(64)}` as const;

test("a blob on its way to one repository is waited for by the others of that host, and by nobody else", async () => {
  const arrivals = new Arrivals();
  const { promise, resolve } = Promise.withResolvers<void>();
  const sending = arrivals.sending("here", "one", DIGEST, () => promise);
  let found: string | undefined | null = null;
  const looking = arrivals.elsewhere("here", "two", DIGEST).then((repository) => { found = repository; });
  assert.equal(await arrivals.elsewhere("here", "one", DIGEST), undefined);
  assert.equal(await arrivals.elsewhere("there", "two", DIGEST), undefined);
  assert.equal(found, null);
  resolve();
  await Promise.all([sending, looking]);
  assert.equal(found, "one");
});

test("one that did not arrive is nowhere, and its sender is told why", async () => {
  const arrivals = new Arrivals();
  const sending = arrivals.sending("here", "one", DIGEST, () => Promise.reject(new Error("full")));
  const looking = arrivals.elsewhere("here", "two", DIGEST);
  await assert.rejects(sending, /full/);
  assert.equal(await looking, undefined);
  assert.equal(await arrivals.elsewhere("here", "two", DIGEST), undefined);
});
