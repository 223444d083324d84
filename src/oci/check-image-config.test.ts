import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { parseImageConfig } from "./image-config.ts";

const parse = (members: object) => parseImageConfig(Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", ...members })));

test("members that are missing, null or of other tools are fine", () => {
  for (const members of [{}, { config: null, history: null, rootfs: null }, { config: { Env: null, Cmd: [], Labels: {}, Healthcheck: null, Hostname: 3 }, rootfs: { type: "layers", diff_ids: null }, extra: [1] }]) {
    assert.deepEqual(parse(members).rootfs, { type: "layers", diff_ids: [] });
  }
});

test("members of another form than the spec's are refused by their names, before anything trusts them", () => {
  const config = (member: object): object => ({ config: member });
  const cases: readonly [object, RegExp][] = [
    [config({ Env: { A: "1" } }), /config\.Env/], [config({ Env: ["A=1\0"] }), /config\.Env/], [config({ Entrypoint: "sh" }), /config\.Entrypoint/],
    [config({ Cmd: [["x"]] }), /config\.Cmd/], [config({ OnBuild: [1] }), /config\.OnBuild/], [config({ Shell: {} }), /config\.Shell/],
    [config({ WorkingDir: "/a\0b" }), /config\.WorkingDir/], [config({ User: 0 }), /config\.User/], [config({ Labels: { a: 1 } }), /config\.Labels/],
    [config({ Volumes: ["/x"] }), /config\.Volumes/], [config({ Healthcheck: { Test: "x" } }), /config\.Healthcheck/], [{ config: [] }, /config is/],
    [{ history: {} }, /history/], [{ history: [null] }, /history/], [{ history: [{ created_by: 1 }] }, /history/],
    [{ rootfs: { diff_ids: ["sha256:../../x"] } }, /diff_ids/], [{ rootfs: { diff_ids: [1] } }, /diff_ids/], [{ rootfs: { diff_ids: {} } }, /diff_ids/], [{ rootfs: "x" }, /diff_ids/],
  ];
  for (const [members, message] of cases) {
    assert.throws(() => parse(members), (error) => isFault(error, "DOCUMENT_INVALID") && message.test(error.message), JSON.stringify(members));
  }
});
