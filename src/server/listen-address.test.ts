import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { formatListenAddress, isLoopback, parseListenAddress } from "./listen-address.ts";

test("addresses are host and port, with IPv6 in brackets", () => {
  assert.deepEqual(parseListenAddress("127.0.0.1:5000"), { host: "127.0.0.1", port: 5000 });
  assert.deepEqual(parseListenAddress("[::1]:0"), { host: "::1", port: 0 });
  assert.deepEqual(parseListenAddress(":5000"), { host: "", port: 5000 });
  assert.equal(formatListenAddress({ host: "::1", port: 7 }), "[::1]:7");
});

test("anything else is refused", () => {
  for (const text of ["", "5000", "127.0.0.1", "::1:5000", "a:b", "127.0.0.1:70000", "[127.0.0.1]:1", "http://x:1", "x:1/"]) {
    assert.throws(() => parseListenAddress(text), (error) => isFault(error, "SERVER_LISTEN_INVALID"), text);
  }
});

test("only 127/8, ::1 and localhost are loopback", () => {
  for (const text of ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "[::ffff:127.0.0.1]:1"]) assert.ok(isLoopback(parseListenAddress(text)), text);
  for (const text of ["0.0.0.0:1", "[::]:1", ":1", "10.0.0.1:1", "127.0.0.1.example.com:1", "[::ffff:10.0.0.1]:1"]) assert.ok(!isLoopback(parseListenAddress(text)), text);
});
