import assert from "node:assert/strict";
import { test } from "node:test";
import { parseImageConfig, serializeImageConfig, type ImageConfig } from "./image-config.ts";

const text = (config: ImageConfig): string => new TextDecoder().decode(serializeImageConfig(config));
const rootfs = { type: "layers", diff_ids: [] } as const;

test("top-level keys are sorted, members of config and history have the order of Go's structs", () => {
  assert.equal(
    text({
      os: "linux",
      architecture: "amd64",
      rootfs,
      history: [{ empty_layer: true, comment: "c", created_by: "ENV A=1", created: "2026-01-01T00:00:00Z" }],
      config: { Labels: { b: "2", a: "1" }, WorkingDir: "/w", Cmd: ["sh"], Env: ["A=1"], User: "app" },
      created: "2026-01-01T00:00:00Z",
      author: "me",
    }),
    '{"architecture":"amd64","author":"me","config":{"User":"app","Env":["A=1"],"Cmd":["sh"],"WorkingDir":"/w","Labels":{"a":"1","b":"2"}},' +
      '"created":"2026-01-01T00:00:00Z","history":[{"created":"2026-01-01T00:00:00Z","created_by":"ENV A=1","comment":"c","empty_layer":true}],' +
      '"os":"linux","rootfs":{"type":"layers","diff_ids":[]}}',
  );
});

test("what is empty is left out, a null entry point too", () => {
  const config = { User: "", Env: [], Entrypoint: null, Cmd: [], Labels: {}, ArgsEscaped: false, StopSignal: "SIGTERM" };
  assert.equal(text({ os: "linux", architecture: "arm64", variant: "v8", rootfs, config }), '{"architecture":"arm64","config":{"StopSignal":"SIGTERM"},"os":"linux","rootfs":{"type":"layers","diff_ids":[]},"variant":"v8"}');
});

test("<, > and & are escaped as Go's encoder does", () => {
  assert.match(text({ os: "linux", architecture: "amd64", rootfs, config: { Cmd: ["a && b > c < d \u2028"] } }), /"a \\u0026\\u0026 b \\u003e c \\u003c d \\u2028"/);
});

test("members that nobody knows are kept behind the others", () => {
  const config = { Memory: 1, Env: ["A=1"] } as ImageConfig["config"];
  assert.match(text({ os: "linux", architecture: "amd64", rootfs, config }), /"config":\{"Env":\["A=1"\],"Memory":1\}/);
});

test("a config is read back as it was written", () => {
  const config: ImageConfig = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [`sha256:${"a".repeat(64)}`] }, config: { Env: ["A=<b>"], ExposedPorts: { "80/tcp": {} } } };
  const read = parseImageConfig(serializeImageConfig(config));
  assert.deepEqual(read.config?.Env, ["A=<b>"]);
  assert.deepEqual(read.rootfs.diff_ids, config.rootfs.diff_ids);
});

test("a config without os or architecture, or that is no JSON object, is refused", () => {
  for (const bad of ["{}", "[]", "nothing", '{"os":"linux"}', "\u0000"]) {
    assert.throws(() => parseImageConfig(Buffer.from(bad)), { name: "Fault", code: "DOCUMENT_INVALID" }, bad);
  }
});
