import assert from "node:assert/strict";
import { test } from "node:test";
import { hostsFile } from "./hosts-file.ts";
import { resolvConf } from "./resolv-conf.ts";

const files = (contents: Record<string, string>) => (path: string): string | undefined => contents[path];
const PUBLIC = "nameserver 8.8.8.8\nnameserver 8.8.4.4\nnameserver 2001:4860:4860::8888\nnameserver 2001:4860:4860::8844\n";

test("with the host's network its file is taken as it is, loopback servers too", () => {
  const text = "# c\nnameserver 127.0.0.53\noptions edns0\n";
  assert.equal(resolvConf(false, files({ "/etc/resolv.conf": text, "/run/systemd/resolve/resolv.conf": "nameserver 10.0.0.1\n" })), text);
});

test("with an own network the stub resolver gives way to what it asks", () => {
  const read = files({ "/etc/resolv.conf": "nameserver 127.0.0.53\n", "/run/systemd/resolve/resolv.conf": "nameserver 10.0.0.1\nsearch a.b\n" });
  assert.equal(resolvConf(true, read), "nameserver 10.0.0.1\nsearch a.b\n");
});

test("with an own network loopback servers are left out, and public ones stand in for the last", () => {
  assert.equal(resolvConf(true, files({ "/etc/resolv.conf": "nameserver ::1\nnameserver 10.0.0.2\nnameserver 127.1.1.1\n" })), "nameserver 10.0.0.2\n");
  assert.equal(resolvConf(true, files({ "/etc/resolv.conf": "search a\nnameserver 127.0.0.1\n" })), `search a\n${PUBLIC}`);
});

test("without any server public ones are used", () => {
  assert.equal(resolvConf(false, files({})), PUBLIC);
  assert.equal(resolvConf(true, files({ "/etc/resolv.conf": "options rotate\n" })), `options rotate\n${PUBLIC}`);
});

test("the hosts file names the container and the extra hosts", () => {
  assert.equal(hostsFile("box", [{ name: "db", ip: "10.0.0.1" }]), "127.0.0.1\tlocalhost box\n::1\tlocalhost ip6-localhost ip6-loopback\n10.0.0.1\tdb\n");
  const toHost = [{ name: "host", ip: "host-gateway" }];
  assert.match(hostsFile("box", toHost, "10.0.0.254"), /\n10\.0\.0\.254\thost\n$/);
  assert.doesNotMatch(hostsFile("box", toHost), /host\n$/, "without a network there is no way to it");
});
