import assert from "node:assert/strict";
import { test } from "node:test";
import { imagePurl } from "./image-purl.ts";
import { parseReference } from "./reference.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const digest = `sha256:${"a".repeat(64)}`;

// The right sides come from a running BuildKit.
for (const [name, platform, type, purl] of [
  ["base", amd64, "docker", "pkg:docker/base@latest?platform=linux%2Famd64"],
  ["team/app:1", undefined, "docker", "pkg:docker/team/app@1"],
  ["127.0.0.1:15871/t/app:1", amd64, "docker", "pkg:docker/127.0.0.1:15871/t/app@1?platform=linux%2Famd64"],
  [`base:1@${digest}`, amd64, "docker", `pkg:docker/base@1?digest=${digest}&platform=linux%2Famd64`],
  [`base@${digest}`, { os: "linux", architecture: "arm", variant: "v7" }, "oci", `pkg:oci/base?digest=${digest}&platform=linux%2Farm%2Fv7`],
] as const) {
  test(`the package URL of ${name} is ${purl}`, () => {
    assert.equal(imagePurl(parseReference(name, { implicitTag: false }), platform, type), purl);
  });
}
