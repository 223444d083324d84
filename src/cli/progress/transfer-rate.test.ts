import assert from "node:assert/strict";
import { test } from "node:test";
import { timeLeft, TransferRates } from "./transfer-rate.ts";

test("the rate is that of the last seconds, each transfer's own", () => {
  const rates = new TransferRates();
  assert.equal(rates.perSecond("a"), undefined);
  rates.add("a", 0, 0);
  assert.equal(rates.perSecond("a"), undefined);
  rates.add("a", 1_000, 1_000);
  rates.add("b", 50, 1_000);
  assert.equal(rates.perSecond("a"), 1_000);
  assert.equal(rates.perSecond("b"), undefined);
  for (let second = 2; second <= 20; second += 1) rates.add("a", 1_000 + (second - 1) * 10, second * 1_000);
  assert.equal(rates.perSecond("a"), 10);
});

test("a transfer that is stuck becomes slower, and one that begins again has a new rate", () => {
  const rates = new TransferRates();
  rates.add("a", 0, 0);
  rates.add("a", 10_000, 1_000);
  rates.add("a", 10_000, 4_000);
  assert.equal(rates.perSecond("a"), 2_500);
  rates.add("a", 100, 5_000);
  assert.equal(rates.perSecond("a"), undefined);
  rates.add("a", 600, 6_000);
  assert.equal(rates.perSecond("a"), 500);
});

test("the time that is left is told in two units at most", () => {
  assert.deepEqual(
    [[1, 2], [90, 2], [400, 2], [19_200, 2], [15_000, 2], [10, 0], [10, undefined], [1e12, 1]].map(([bytes, rate]) => timeLeft(bytes!, rate)),
    ["1s", "45s", "3m20s", "2h40m", "2h05m", undefined, undefined, undefined],
  );
});
