import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { entryText, readEntries } from "./entries.ts";

test("an entry without a type is refused by what it has, and no value is repeated", () => {
  for (const entry of ["bucket=b,secret_access_key=hush", { bucket: "b", secret_access_key: "hush" }]) {
    assert.throws(() => readEntries("cache-to", [entry]), (error) => isFault(error, "BAKE_EXPRESSION") && error.message.endsWith("type is required in cache-to with bucket=, secret_access_key="), JSON.stringify(entry));
  }
  assert.throws(() => readEntries("output", [{}]), /type is required in output with nothing$/);
});

test("null for a key is as if it was not written, but a type cannot be null", () => {
  assert.deepEqual(readEntries("output", [{ type: "local", dest: "out", tar: null }]), [{ type: "local", dest: "out" }]);
  for (const key of ["output", "cache-to", "attest"] as const) assert.throws(() => readEntries(key, [{ type: null, dest: "x" }]), new RegExp(`null is not allowed for type in ${key}$`));
});

test("an ssh entry without an id is the default agent's", () => {
  for (const [entry, text] of [[{}, "default"], [{ id: null }, "default"], [{ paths: ["a", "b"] }, "default=a,b"], ["=a", "default=a"], [{ id: "git" }, "git"], ["git=a,b", "git=a,b"]] as const) {
    const [read] = readEntries("ssh", [entry as never]);
    assert.equal(entryText("ssh", read!), text);
  }
});
