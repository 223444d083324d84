import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { readEntries } from "./entries.ts";

test("an entry without a type is refused by what it has, and no value is repeated", () => {
  for (const entry of ["bucket=b,secret_access_key=hush", { bucket: "b", secret_access_key: "hush" }]) {
    assert.throws(() => readEntries("cache-to", [entry]), (error) => isFault(error, "BAKE_EXPRESSION") && error.message.endsWith("type is required in cache-to with bucket=, secret_access_key="), JSON.stringify(entry));
  }
  assert.throws(() => readEntries("output", [{}]), /type is required in output with nothing$/);
});
