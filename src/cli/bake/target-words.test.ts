import assert from "node:assert/strict";
import { test } from "node:test";
import { linkedTargets, targetWords } from "./target-words.ts";

test("a target becomes the words of a build", () => {
  const words = targetWords({
    name: "app", context: "dir", dockerfile: "Dockerfile.x", tags: ["a:1"], args: { A: "1=2" }, "no-cache": true, pull: false, platforms: ["linux/amd64", "linux/arm64"],
    output: [{ type: "image", name: "b:1,c:1", push: "true" }, { dest: "o,x.tar", type: "oci" }], secret: [{ src: "f", id: "s" }], ssh: [{ id: "k", paths: "a,b" }],
    network: "host", entitlements: ["network.host"], "extra-hosts": { h: "::1" }, contexts: { other: "cwd://lib", linked: "target:base" },
  });
  assert.deepEqual(words, [
    "--tag=a:1", "--tag=b:1", "--tag=c:1", "--platform=linux/amd64,linux/arm64", "--file=dir/Dockerfile.x", "--build-arg=A=1=2", "--build-context=other=lib", "--no-cache",
    "--output=type=image,push=true", '--output=type=oci,"dest=o,x.tar"', "--secret=id=s,src=f", "--ssh=k=a,b", "--add-host=h:::1", "--network=host", "--allow=network.host", "--", "dir",
  ]);
});

test("a context that begins with a dash is no flag, and a Dockerfile elsewhere stays where it is", () => {
  assert.deepEqual(targetWords({ name: "a", context: "-x", dockerfile: "/abs/D" }), ["--file=/abs/D", "--", "-x"]);
  assert.deepEqual(targetWords({ name: "a", context: "https://example.com/x.git", dockerfile: "D" }), ["--file=D", "--", "https://example.com/x.git"]);
});

test("contexts that are targets are told apart", () => {
  assert.deepEqual([...linkedTargets({ name: "a", contexts: { base: "target:other", dir: "./x" } })], [["base", "other"]]);
});
