import assert from "node:assert/strict";
import { test } from "node:test";
import { linkToNext, pageOf } from "./paging.ts";
import { RegistryError } from "./terms/registry-error.ts";

const query = (text: string): URLSearchParams => new URLSearchParams(text);
const link = (items: readonly string[], more: boolean, text: string) => linkToNext({ items, more }, query(text), { path: "/v2/app/tags/list", key: (item) => item });

test("n limits a page, last begins it", () => {
  assert.deepEqual(pageOf(query("")), { after: undefined, limit: undefined });
  assert.deepEqual(pageOf(query("n=2&last=b")), { after: "b", limit: 2 });
  assert.deepEqual(pageOf(query("n=0")), { after: undefined, limit: 0 });
});

test("a page is never longer than the list allows", () => {
  assert.equal(pageOf(query(""), { most: 10 }).limit, 10);
  assert.equal(pageOf(query("n=5"), { most: 10 }).limit, 5);
  assert.equal(pageOf(query("n=50"), { most: 10 }).limit, 10);
});

test("Link leads to the next page and keeps other parameters", () => {
  assert.deepEqual(link(["a", "b"], true, "n=2"), { Link: '</v2/app/tags/list?n=2&last=b>; rel="next"' });
  assert.deepEqual(link(["a&b"], true, "artifactType=x%2Fy"), { Link: '</v2/app/tags/list?artifactType=x%2Fy&n=1&last=a%26b>; rel="next"' });
  assert.deepEqual(link(["a", "b"], false, "n=2"), {});
  assert.deepEqual(link([], true, "n=0"), {});
});

test("an n that is no number is refused", () => {
  for (const n of ["-1", "x", "1.5", "99999999999", "0x10"]) assert.throws(() => pageOf(query(`n=${n}`)), (error) => error instanceof RegistryError && error.status === 400, n);
});
