import assert from "node:assert/strict";
import { test } from "node:test";
import { parseUpstream } from "./upstream.ts";

test("a host or an address names an upstream; Docker Hub has one name", () => {
  assert.deepEqual(parseUpstream("https://registry-1.docker.io"), { host: "docker.io", path: "", plain: false });
  assert.deepEqual(parseUpstream("docker.io"), parseUpstream("https://index.docker.io/v2/"));
  assert.deepEqual(parseUpstream("registry.example.com:5000"), { host: "registry.example.com:5000", path: "", plain: false });
  assert.deepEqual(parseUpstream("http://127.0.0.1:5000/proxied/hub/"), { host: "127.0.0.1:5000", path: "proxied/hub/", plain: true });
});

test("logins, queries and what is no address are refused", () => {
  for (const text of ["", "https://alice:secret@example.com", "example.com?x", "example.com#x", "a b", "https://", "ftp://example.com/../x y", "https://example.com/UPPER"]) {
    assert.equal(parseUpstream(text), undefined, text);
  }
});
