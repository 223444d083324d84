import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { readSyncFile } from "./read-sync-file.ts";

test("entries are read, with defaults for what they do not say", async () => {
  const [first, second] = await readSyncFile(`
defaults: { platforms: [linux/amd64, linux/arm64], referrers: true, latest: 5 }
sync:
  - source: alpine
    target: registry.example.com/mirror/alpine
  - source: docker://ghcr.io/team/app
    target: oci:layouts/app
    tags: ["1.*", latest]
    exclude: "*-rc*"
    semver: ">=2"
    platforms: all
    referrers: false
`, "sync.yaml");
  assert.deepEqual(first, {
    place: "sync[0]", source: { host: "docker.io", repository: "library/alpine" },
    target: { kind: "registry", reference: { host: "registry.example.com", repository: "mirror/alpine" } },
    choice: { latest: 5 }, platforms: [{ os: "linux", architecture: "amd64" }, { os: "linux", architecture: "arm64" }], referrers: true,
  });
  assert.deepEqual(second, {
    place: "sync[1]", source: { host: "ghcr.io", repository: "team/app" }, target: { kind: "oci", path: "layouts/app" },
    choice: { tags: ["1.*", "latest"], exclude: ["*-rc*"], semver: ">=2" }, platforms: "all", referrers: false,
  });
});

test("what is wrong is said with its place and line", async () => {
  const entry = (lines: string): string => `sync:\n  - source: alpine\n    target: r.example/a\n${lines}`;
  const cases: [string, string, number, RegExp][] = [
    ["", "", 1, /it is no map/],
    ["sync: {}", "sync", 1, /no list of repositories/],
    ["snyc: []", "snyc", 1, /means nothing here/],
    ["a: [", "", 1, /sync\.yaml: /],
    ["sync:\n  - target: r.example/a", "sync[0]", 2, /source is missing/],
    ["sync:\n  - source: UPPER\n    target: r.example/a", "sync[0].source", 2, /lower case/],
    ["sync:\n  - source: alpine:3\n    target: r.example/a", "sync[0].source", 2, /names one image/],
    ["sync:\n  - source: alpine\n    target: r.example/a@sha256:x", "sync[0].target", 3, /not a digest/],
    ["sync:\n  - source: oci:a\n    target: r.example/a", "sync[0].source", 2, /a source is a repository/],
    ["sync:\n  - source: alpine\n    target: store:a", "sync[0].target", 3, /or oci:DIR/],
    [entry("    tags: [a, 1.20]"), "sync[0].tags[1]", 4, /1\.2 is a number/],
    [entry("    tags:\n      - a\n      - {}"), "sync[0].tags[1]", 6, /no text/],
    [entry("    tags: [a, ../../other/manifests/1]"), "sync[0].tags[1]", 4, /is no tag/],
    [entry(`    tags: sha256-${"a".repeat(64)}.sig`), "sync[0].tags", 4, /belongs to a manifest/],
    [entry("    semver: newest"), "sync[0].semver", 4, /no range of versions/],
    [entry("    latest: 0"), "sync[0].latest", 4, /no number above 0/],
    [entry("    platform: all"), "sync[0].platform", 4, /means nothing here/],
    [entry("    platforms: [linux/amd64, 'linux amd64']"), "sync[0].platforms[1]", 4, /invalid platform/],
    [entry("    referrers: yes please"), "sync[0].referrers", 4, /neither true nor false/],
    ["defaults:\n  latest: -1\nsync: [{source: a, target: b/c}]", "defaults.latest", 2, /no number above 0/],
    ["defaults:\n  source: x\nsync: [{source: a, target: b/c}]", "defaults.source", 2, /means nothing here/],
  ];
  for (const [text, place, line, message] of cases) {
    await assert.rejects(readSyncFile(text, "sync.yaml"), (error) => {
      if (!isFault(error, "SYNC_FILE_INVALID")) throw error;
      assert.equal((error.details as { place: string }).place, place, text);
      assert.equal(error.location?.startLine, line, text);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("a bomb of aliases is not unfolded", async () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let index = 1; index < 9; index += 1) lines.push(`a${index}: &a${index} [${Array(9).fill(`*a${index - 1}`).join(", ")}]`);
  await assert.rejects(readSyncFile(lines.join("\n"), "bomb.yaml"), (error) => isFault(error, "SYNC_FILE_INVALID"));
});
