import assert from "node:assert/strict";
import { test } from "node:test";
import { mirrorEndpoint, registryEndpoint, repositoryPath, repositoryScope } from "./endpoint.ts";

test("a registry is spoken to by HTTPS with a checked certificate", () => {
  assert.deepEqual(registryEndpoint("r.example:5000").candidates, [{ origin: "https://r.example:5000", verify: true }]);
});

test("loopback may be plain HTTP", () => {
  for (const host of ["127.0.0.1:5000", "localhost:5000", "[::1]:5000"]) {
    assert.deepEqual(registryEndpoint(host).candidates.map(({ origin }) => origin), [`http://${host}`, `https://${host}`]);
  }
});

test("hosts that are allowed to be insecure are still tried by HTTPS first", () => {
  const expected = [{ origin: "https://r.example:5000", verify: false }, { origin: "http://r.example:5000", verify: false }];
  assert.deepEqual(registryEndpoint("r.example:5000", true).candidates, expected);
  assert.deepEqual(registryEndpoint("r.example:5000", ["r.example"]).candidates, expected);
  assert.equal(registryEndpoint("r.example:5000", ["other.example"]).candidates.length, 1);
});

test("docker.io's interface is at registry-1.docker.io", () => {
  assert.equal(registryEndpoint("docker.io").candidates[0]!.origin, "https://registry-1.docker.io");
  assert.equal(registryEndpoint("docker.io").host, "docker.io");
});

test("the path of a mirror's URL stands before the repository", () => {
  const endpoint = mirrorEndpoint("https://m.example/hub");
  assert.equal(repositoryPath(endpoint, { repository: "library/a" }, "tags/list"), "/v2/hub/library/a/tags/list");
  assert.equal(repositoryScope(endpoint, "library/a", "pull"), "repository:hub/library/a:pull");
  assert.equal(endpoint.host, "m.example");
});
