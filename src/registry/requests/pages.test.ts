import assert from "node:assert/strict";
import { test } from "node:test";
import { nextLink } from "./pages.ts";

test("the next page is found among the links, quoted or not", () => {
  assert.equal(nextLink('</v2/a/tags/list?n=2&last=b>; rel="next"'), "/v2/a/tags/list?n=2&last=b");
  assert.equal(nextLink("<x>; rel=prev, <y>; title=\"a\"; rel=next"), "y");
  assert.equal(nextLink('<x>; rel="prev next"'), "x");
});

test("other links and no link lead nowhere", () => {
  assert.equal(nextLink(undefined), undefined);
  assert.equal(nextLink('<x>; rel="nextone"'), undefined);
  assert.equal(nextLink("x; rel=next"), undefined);
});
