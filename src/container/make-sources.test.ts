import assert from "node:assert/strict";
import { test } from "node:test";
import { makeSources } from "./make-sources.ts";

test("a folder that cannot be made is an error, and no endless loop", () => {
  assert.throws(() => makeSources([{ source: "/proc/nowhere/at/all", target: "/x", readonly: false }]), { code: "ENOENT" });
});
