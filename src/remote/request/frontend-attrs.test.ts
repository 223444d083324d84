import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import type { WorkerBuild } from "../worker-build.ts";
import { chosenFrontend, entitlements, frontendAttrs } from "./frontend-attrs.ts";

const NOTHING: WorkerBuild = {
  context: ".", cwd: "/", tags: [], buildArgs: {}, labels: {}, platforms: [], noCache: false, noCacheFilter: [], pull: false, addHosts: [], network: "default",
  ulimits: [], allow: [], gitInfo: true, gitLabels: false, gitCheckDirty: false, attests: new Map(), contexts: new Map(), cacheFrom: [], cacheTo: [], secrets: [], agents: [], outputs: [],
};

test("flags become the attributes of the dockerfile frontend", () => {
  assert.deepEqual(frontendAttrs(NOTHING), {});
  assert.deepEqual(frontendAttrs({
    ...NOTHING, buildArgs: { A: "1", BUILDKIT_MULTI_PLATFORM: "true" }, labels: { l: "x" }, target: "t", platforms: ["linux/amd64", "linux/arm64"], noCacheFilter: ["a", "b"], pull: true,
    network: "none", addHosts: [{ name: "h", ip: "::1" }, { name: "i", ip: "1.2.3.4" }], cgroupParent: "c", shmSize: 64, ulimits: ["nofile=1", "core=0:2"], attests: new Map([["sbom", ""]]),
  }), {
    "build-arg:A": "1", "build-arg:BUILDKIT_MULTI_PLATFORM": "true", "label:l": "x", "attest:sbom": "", target: "t", platform: "linux/amd64,linux/arm64", "no-cache": "a,b",
    "image-resolve-mode": "pull", "force-network-mode": "none", "add-hosts": "h=::1,i=1.2.3.4", "cgroup-parent": "c", "shm-size": "64", ulimit: "nofile=1:1,core=0:2", "multi-platform": "true",
  });
  assert.equal(frontendAttrs({ ...NOTHING, noCache: true, noCacheFilter: ["a"] })["no-cache"], "");
  assert.throws(() => frontendAttrs({ ...NOTHING, ulimits: ["many"] }), (error) => isFault(error, "USAGE"));
});

test("the frontend is another one where BUILDKIT_SYNTAX says so, and the host's network is an entitlement", () => {
  assert.deepEqual(chosenFrontend(NOTHING), { frontend: "dockerfile.v0", attrs: {} });
  assert.deepEqual(chosenFrontend({ buildArgs: { BUILDKIT_SYNTAX: " docker/dockerfile:1 x=y" } }), { frontend: "gateway.v0", attrs: { source: "docker/dockerfile:1", cmdline: "docker/dockerfile:1 x=y" } });
  assert.deepEqual(entitlements({ allow: ["security.insecure", "network.host"], network: "host" }), ["security.insecure", "network.host"]);
  assert.deepEqual(entitlements({ allow: [], network: "none" }), []);
});
