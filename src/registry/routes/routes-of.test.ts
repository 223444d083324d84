import assert from "node:assert/strict";
import { test } from "node:test";
import { repositoryPath, repositoryScope } from "./endpoint.ts";
import { readingRoute, writingRoute, type RouteRules } from "./routes-of.ts";

const rules = (some: Partial<RouteRules> = {}): RouteRules => ({ mirrors: new Map(), insecure: false, ...some });
const candidates = async (host: string, some: Partial<RouteRules> = {}) => (await writingRoute({ host }, rules(some))).candidates;

test("a registry is spoken to by HTTPS with a checked certificate", async () => {
  assert.deepEqual(await candidates("r.example:5000"), [{ origin: "https://r.example:5000", verify: true }]);
});

test("loopback may be plain HTTP", async () => {
  for (const host of ["127.0.0.1:5000", "localhost:5000", "[::1]:5000"]) {
    assert.deepEqual((await candidates(host)).map(({ origin }) => origin), [`http://${host}`, `https://${host}`]);
  }
});

test("hosts that are allowed to be insecure are still tried by HTTPS first", async () => {
  const expected = [{ origin: "https://r.example:5000", verify: false }, { origin: "http://r.example:5000", verify: false }];
  assert.deepEqual(await candidates("r.example:5000", { insecure: true }), expected);
  assert.deepEqual(await candidates("r.example:5000", { insecure: ["r.example"] }), expected);
  assert.equal((await candidates("r.example:5000", { insecure: ["other.example"] })).length, 1);
});

test("docker.io's interface is at registry-1.docker.io", async () => {
  assert.equal((await candidates("docker.io"))[0]!.origin, "https://registry-1.docker.io");
  assert.equal((await writingRoute({ host: "docker.io" }, rules())).host, "docker.io");
});

test("the path of a mirror's URL stands before the repository", async () => {
  const [mirror, registry] = await readingRoute({ host: "docker.io", repository: "library/a" }, rules({ mirrors: new Map([["docker.io", ["https://m.example/hub"]]]) }));
  assert.equal(repositoryPath(mirror!, { repository: "library/a" }, "tags/list"), "/v2/hub/library/a/tags/list");
  assert.equal(repositoryScope(mirror!, "library/a", "pull"), "repository:hub/library/a:pull");
  assert.deepEqual([mirror!.host, registry!.host], ["m.example", "docker.io"]);
});
