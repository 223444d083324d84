import assert from "node:assert/strict";
import { test } from "node:test";
import { keepBytes } from "./keep-bytes.ts";

test("limits of the cache are weighed as BuildKit does", () => {
  const now = { cache: 100, free: 50 };
  const cases: [Parameters<typeof keepBytes>[0], number][] = [
    [{}, 0], [{ reserved: 30 }, 30], [{ maxUsed: 60 }, 60], [{ maxUsed: 20, reserved: 30 }, 30],
    [{ minFree: 40 }, Infinity], [{ minFree: 70 }, 80], [{ minFree: 200 }, 0], [{ minFree: 200, reserved: 10 }, 10],
    [{ minFree: 70, maxUsed: 60 }, 60], [{ minFree: 70, maxUsed: 90 }, 80], [{ minFree: 40, maxUsed: 90 }, 90],
  ];
  for (const [limits, kept] of cases) assert.equal(keepBytes(limits, now), kept, JSON.stringify(limits));
});
