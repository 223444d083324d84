import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileRoutes } from "./match-route.ts";
import { isName } from "./terms/name.ts";
import { RegistryError } from "./terms/registry-error.ts";
import { routes } from "./routes.ts";

const find = compileRoutes(routes);
const shape = (path: string): string[] | undefined => {
  const match = find(path);
  return match && [match.route.path, match.repository, match.parameter];
};

test("the end of the path decides, so repositories may be called like endpoints", () => {
  assert.deepEqual(shape("/v2/"), ["/v2/", "", ""]);
  assert.deepEqual(shape("/v2/a/b/manifests/v1"), ["/v2/<name>/manifests/<reference>", "a/b", "v1"]);
  assert.deepEqual(shape("/v2/a/blobs/uploads/"), ["/v2/<name>/blobs/uploads/", "a", ""]);
  assert.deepEqual(shape("/v2/a/blobs/uploads/id"), ["/v2/<name>/blobs/uploads/<session>", "a", "id"]);
  assert.deepEqual(shape("/v2/a/blobs/manifests/v1"), ["/v2/<name>/manifests/<reference>", "a/blobs", "v1"]);
  assert.deepEqual(shape("/v2/a/blobs/uploads/tags/list"), ["/v2/<name>/tags/list", "a/blobs/uploads", ""]);
  assert.deepEqual(shape("/v2/tags/list/tags/list"), ["/v2/<name>/tags/list", "tags/list", ""]);
});

test("paths that are no endpoint match nothing", () => {
  for (const path of ["/", "", "/v1/a/tags/list", "/v2/tags/list", "/v2/a", "/v2/a/manifests", "/v2//", "/v2x/", "*"]) assert.equal(shape(path), undefined, path);
});

test("an encoded digest is read, an encoded slash or NUL or broken encoding is refused", () => {
  assert.equal(shape("/v2/a/blobs/sha256%3Aabc")![2], "sha256:abc");
  for (const path of ["/v2/a%2fb/tags/list", "/v2/a/manifests/..%2f..%2fx", "/v2/a/manifests/x%00", "/v2/a/manifests/%ff", "/v2/a/manifests/%"]) {
    assert.throws(() => find(path), (error) => error instanceof RegistryError && error.status === 400, path);
  }
});

test("names follow the grammar and have at most 255 characters", () => {
  for (const name of ["a", "a/b", "a.b", "a_b", "a__b", "a---b", "0", "a/blobs/uploads", "a".repeat(255)]) assert.ok(isName(name), name);
  for (const name of ["", "/", "a/", "/a", "a//b", "A", ".", "..", "a/../b", "a/./b", "_a", "a_", "a___b", "a..b", "-a", "a b", "a\n", "a\0", "ä", "_catalog", "a".repeat(256)]) assert.ok(!isName(name), name);
});

test("a name that passes can never leave its folder", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9./_-]{0,40}$/), (name) => {
      if (isName(name)) assert.ok(name.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.startsWith("_")));
    }),
  );
});
