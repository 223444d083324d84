import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { extraHosts } from "./extra-hosts.ts";
import { assignments, labels } from "./key-values.ts";

test("assignments keep what is behind the first =, and take a name alone from the environment", () => {
  assert.deepEqual(assignments(["A=1=2", "B=", "C", "D", "A=3"], { C: "c" }, "--build-arg"), { A: "3", B: "", C: "c" });
  assert.throws(() => assignments(["=x"], {}, "--build-arg"), (error) => isFault(error, "USAGE"));
});

test("a label without = is empty", () => {
  assert.deepEqual(labels(["a", "b=c"]), { a: "", b: "c" });
});

test("extra hosts are read with : and =, IPv6 addresses with and without brackets", () => {
  assert.deepEqual(extraHosts(["db:10.0.0.7", "db=10.0.0.8", "six:::1", "six=[fe80::1]"]), [
    { name: "db", ip: "10.0.0.7" }, { name: "db", ip: "10.0.0.8" }, { name: "six", ip: "::1" }, { name: "six", ip: "fe80::1" },
  ]);
  for (const wrong of ["db", "db:", ":1.2.3.4", "db:1.2.3", "db:name"]) assert.throws(() => extraHosts([wrong]), (error) => isFault(error, "USAGE"), wrong);
  assert.throws(() => extraHosts(["db:host-gateway"]), (error) => isFault(error, "NOT_SUPPORTED"));
});
