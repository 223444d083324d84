import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sortNames } from "./sort-names.ts";

test("names are sorted by their UTF-8 bytes", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary", maxLength: 5 })), (names) => {
      assert.deepEqual(sortNames([...names]), [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
  );
});
