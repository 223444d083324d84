import assert from "node:assert/strict";
import { test } from "node:test";
import { freeBuffer } from "./free-buffer.ts";

test("the memory of a large buffer is given back, and that of a small one, which others share, stays", () => {
  const large = Buffer.alloc(1024 * 1024);
  freeBuffer(large.subarray(3, 5));
  assert.equal(large.length, 0);
  const poolSize = Buffer.poolSize;
  try {
    // The pool is made anew with this size once what there is has been given out.
    Buffer.poolSize = 1024 * 1024;
    const shared = Array.from({ length: 100 }, () => Buffer.allocUnsafe(4000).fill(7)).filter(({ buffer }) => buffer.byteLength >= Buffer.poolSize);
    assert.ok(shared.length > 1, "there is no pool of that size");
    freeBuffer(shared[0]!);
    assert.deepEqual(shared.map((each) => [each.length, each[0]]), shared.map(() => [4000, 7]));
  } finally {
    Buffer.poolSize = poolSize;
  }
});
