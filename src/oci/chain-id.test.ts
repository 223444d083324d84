import assert from "node:assert/strict";
import { test } from "node:test";
import { chainId, chainIds } from "./chain-id.ts";
import { sha256 } from "./digest.ts";

test("a ChainID says all layers up to one, and that of the lowest is its diff id", () => {
  const [a, b, c] = ["a", "b", "c"].map((text) => sha256(text)) as [`sha256:${string}`, `sha256:${string}`, `sha256:${string}`];
  const ab = sha256(`${a} ${b}`);
  assert.deepEqual(chainIds([a, b, c]), [a, ab, sha256(`${ab} ${c}`)]);
  for (const count of [1, 2, 3]) assert.equal(chainId([a, b, c].slice(0, count)), chainIds([a, b, c])[count - 1]);
  assert.deepEqual([chainId([]), chainIds([])], [undefined, []]);
});
