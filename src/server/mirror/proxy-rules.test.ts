import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../config/read-config.ts";
import { isFault } from "../../std/fault.ts";
import { compileRules } from "./proxy-rules.ts";

const rulesOf = (text: string) => compileRules(readConfig(`proxy: [${text}]`, "r.yaml").proxy);

test("a name here becomes the name there", () => {
  const [hub, path, all] = rulesOf('{prefix: "docker.io/", upstream: docker.io}, {prefix: "a/", upstream: "https://example.com/team", repositories: "a/b/**"}, {upstream: ghcr.io}');
  assert.deepEqual([hub!.covers("docker.io/alpine"), hub!.covers("docker.iox/alpine"), hub!.nameThere("docker.io/alpine"), hub!.nameThere("docker.io/acme/app")], [true, false, "library/alpine", "acme/app"]);
  assert.deepEqual([path!.covers("a/b/c"), path!.covers("a/c"), path!.nameThere("a/b/c")], [true, false, "team/b/c"]);
  assert.deepEqual([all!.covers("x"), all!.nameThere("x")], [true, "x"]);
});

test("a login is whole or not there, a prefix ends with a slash", () => {
  for (const text of ["{upstream: docker.io, username: a}", "{upstream: docker.io, password: a}", "{upstream: docker.io, username: a, password: b, passwordFile: c}", "{upstream: docker.io, prefix: hub}", '{upstream: "https://a:b@docker.io"}', "{prefix: a/}"]) {
    assert.throws(() => rulesOf(text), (error) => isFault(error, "SERVER_CONFIG_INVALID"), text);
  }
});
