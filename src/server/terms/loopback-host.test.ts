import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopbackHost } from "./loopback-host.ts";

test("names that a web site can have are none of this machine", () => {
  for (const host of [undefined, "localhost", "localhost:5000", "LocalHost.", "127.0.0.1:5000", "[::1]:5000", "10.0.0.1", "registry:5000", "a.localhost", "host.docker.internal:5000"]) {
    assert.equal(isLoopbackHost(host), true, host);
  }
  for (const host of ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", "localhost.evil.example:80", "[evil.example]:1", "a.local", "127.0.0.1.nip.example."]) {
    assert.equal(isLoopbackHost(host), false, host);
  }
  assert.equal(isLoopbackHost("Registry.example.com:443", ["registry.example.com"]), true);
});
