import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { extraHosts, gatewayOf } from "./extra-hosts.ts";

test("extra hosts are read with : and =, IPv6 addresses with and without brackets", () => {
  assert.deepEqual(extraHosts(["db:10.0.0.7", "db=10.0.0.8", "six:::1", "six=[fe80::1]"]), [
    { name: "db", ip: "10.0.0.7" }, { name: "db", ip: "10.0.0.8" }, { name: "six", ip: "::1" }, { name: "six", ip: "fe80::1" },
  ]);
  for (const wrong of ["db", "db:", ":1.2.3.4", "db:1.2.3", "db:name"]) assert.throws(() => extraHosts([wrong]), (error) => isFault(error, "USAGE"), wrong);
});

test("several addresses of a name are several lines, and host-gateway stands for where this machine is", () => {
  assert.deepEqual(extraHosts(["db:10.0.0.7,[::1]", "host=host-gateway"]), [{ name: "db", ip: "10.0.0.7" }, { name: "db", ip: "::1" }, { name: "host", ip: "host-gateway" }]);
  for (const wrong of ["db:10.0.0.7,", "db:10.0.0.7,host-gateway", ":host-gateway"]) assert.throws(() => extraHosts([wrong]), (error) => isFault(error, "USAGE"), wrong);
  assert.throws(() => extraHosts(["db:host-gateway"], gatewayOf("none")), (error) => isFault(error, "NOT_SUPPORTED") && /without a network/.test(error.message));
  assert.deepEqual(extraHosts(["db:host-gateway"], gatewayOf("host")), [{ name: "db", ip: "host-gateway" }]);
});
