import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { parseBuilderAddress } from "./builder-address.ts";

test("addresses of builders are read as buildctl and buildx write them", () => {
  const cases: [string, unknown][] = [
    ["unix:///run/buildkit/buildkitd.sock", { kind: "unix", path: "/run/buildkit/buildkitd.sock" }],
    ["unix:///a%20b", { kind: "unix", path: "/a b" }],
    ["tcp://worker:9000", { kind: "tcp", host: "worker", port: 9000 }],
    ["tcp://worker", { kind: "tcp", host: "worker", port: 1234 }],
    ["tcp://[::1]:9000", { kind: "tcp", host: "::1", port: 9000 }],
    ["tcp://w:1?cacert=/ca&cert=/c&key=/k&servername=x", { kind: "tcp", host: "w", port: 1, tls: { ca: "/ca", cert: "/c", key: "/k", serverName: "x" } }],
    ["ssh://build.example.com", { kind: "command", command: ["ssh", "-T", "--", "build.example.com", "buildctl", "dial-stdio"] }],
    ["ssh://me@host:2222/run/b.sock", { kind: "command", command: ["ssh", "-l", "me", "-p", "2222", "-T", "--", "host", "buildctl", "--addr", "unix:///run/b.sock", "dial-stdio"] }],
    ["ssh://host/a%20b;c", { kind: "command", command: ["ssh", "-T", "--", "host", "buildctl", "--addr", "'unix:///a b;c'", "dial-stdio"] }],
    ["kube-pod://buildkitd-0", { kind: "command", command: ["kubectl", "exec", "-i", "buildkitd-0", "--", "buildctl", "dial-stdio"] }],
    ["kube-pod://b?context=c&namespace=n&container=k", { kind: "command", command: ["kubectl", "--context=c", "--namespace=n", "exec", "-i", "--container=k", "b", "--", "buildctl", "dial-stdio"] }],
    ["docker-container://buildx_buildkit_x0", { kind: "command", command: ["docker", "exec", "-i", "buildx_buildkit_x0", "buildctl", "dial-stdio"] }],
    ["podman-container://b", { kind: "command", command: ["podman", "exec", "-i", "b", "buildctl", "dial-stdio"] }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseBuilderAddress(text), expected, text);
  assert.deepEqual(parseBuilderAddress("tcp://w:1", { ca: "/ca" }), { kind: "tcp", host: "w", port: 1, tls: { ca: "/ca" } });
});

test("what is no address of a builder, or would be an option of a program, is refused", () => {
  const wrong = [
    "", "worker", "unix://relative", "tcp://", "tcp://w:0", "tcp://w:99999", "tcp://w/x", "tcp://w?insecure=1", "tcp://w?cert=/c", "ssh://-oProxyCommand=x",
    "ssh://-l@host", "kube-pod://", "kube-pod://--all", "kube-pod://a/b", "docker-container://-it", "npipe:////./pipe/x", "unix:///%zz", "kube-pod://a?x=1",
  ];
  for (const text of wrong) assert.throws(() => parseBuilderAddress(text), (error) => isFault(error, "BUILDER_INVALID"), text);
  assert.throws(() => parseBuilderAddress("unix:///x", { ca: "/ca" }), (error) => isFault(error, "BUILDER_INVALID"));
});
