import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutPage } from "./paging.ts";
import { RegistryError } from "./registry-error.ts";

const options = { path: "/v2/app/tags/list", key: (item: string): string => item };
const cut = (list: readonly string[], query: string) => cutPage(list, new URLSearchParams(query), options);

test("n limits the page and Link leads to the next one", () => {
  assert.deepEqual(cut(["a", "b", "c"], "n=2"), { items: ["a", "b"], headers: { Link: '</v2/app/tags/list?n=2&last=b>; rel="next"' } });
  assert.deepEqual(cut(["a", "b", "c"], "n=2&last=b"), { items: ["c"], headers: {} });
  assert.deepEqual(cut(["a", "b"], "n=2"), { items: ["a", "b"], headers: {} });
});

test("last counts without n, and when it is not in the list", () => {
  assert.deepEqual(cut(["a", "c", "e"], "last=a").items, ["c", "e"]);
  assert.deepEqual(cut(["a", "c", "e"], "last=b").items, ["c", "e"]);
  assert.deepEqual(cut(["a", "c", "e"], "last=z").items, []);
});

test("n=0 is an empty page without a next one", () => {
  assert.deepEqual(cut(["a", "b"], "n=0"), { items: [], headers: {} });
});

test("an n that is no number is refused", () => {
  for (const n of ["-1", "x", "1.5", "99999999999", "0x10"]) assert.throws(() => cut(["a"], `n=${n}`), (error) => error instanceof RegistryError && error.status === 400, n);
});

test("following Link gives every item once, in order, and keeps other parameters", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_.&=-]{1,8}$/)), fc.integer({ min: 1, max: 5 }), (items, n) => {
      const list = items.sort();
      const seen: string[] = [];
      let query: string | undefined = `n=${n}&artifactType=x%2Fy`;
      while (query !== undefined) {
        const page = cut(list, query);
        seen.push(...page.items);
        query = /\?(.*)>;/.exec(page.headers["Link"] ?? "")?.[1];
        if (query) assert.equal(new URLSearchParams(query).get("artifactType"), "x/y");
      }
      assert.deepEqual(seen, list);
    }),
  );
});
