import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { addressGroup, isNetwork, noteOrigin, originOf, proxyList } from "./client-origin.ts";

const proxies = proxyList(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);

function origin(remoteAddress: string, headers: Record<string, string>) {
  const request = { socket: { remoteAddress }, headers: { host: "inside:5000", ...headers } } as unknown as IncomingMessage;
  noteOrigin(request, proxies);
  return originOf(request);
}

test("the last address that is no believed proxy's is the client's", () => {
  const of = (remote: string, forwarded: string): string => origin(remote, { "x-forwarded-for": forwarded }).address;
  assert.equal(of("127.0.0.1", "6.6.6.6, 192.0.2.1, 10.1.2.3"), "192.0.2.1");
  assert.equal(of("::ffff:10.0.0.1", "192.0.2.1:4711"), "192.0.2.1");
  assert.equal(of("fd00::1", "[2001:db8::1]:4711"), "2001:db8::1");
  assert.equal(of("192.0.2.9", "6.6.6.6"), "192.0.2.9", "who is no proxy is not believed");
});

test("a proxy that does not say whose the request is has an address of many", () => {
  assert.deepEqual(origin("127.0.0.1", {}), { address: "127.0.0.1", shared: true, scheme: "http", host: "inside:5000", byProxy: true });
  assert.equal(origin("127.0.0.1", { "x-forwarded-for": "192.0.2.1, unknown" }).shared, true, "nobody believed has written what is before it");
  assert.equal(origin("192.0.2.1", {}).shared, false);
});

test("scheme and host are what a believed proxy says", () => {
  const headers = { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https", "x-forwarded-host": "registry.example.com" };
  assert.deepEqual(origin("127.0.0.1", headers), { address: "192.0.2.1", shared: false, scheme: "https", host: "registry.example.com", byProxy: true });
  assert.deepEqual(origin("192.0.2.9", headers), { address: "192.0.2.9", shared: false, scheme: "http", host: "inside:5000", byProxy: false });
});

test("networks, and what of an address is one client's", () => {
  assert.deepEqual(["10.0.0.0/8", "::1", "fd00::/8", "10.0.0.0/33", "::/129", "10.0.0", "proxy", "10.0.0.0/"].map(isNetwork), [true, true, true, false, false, false, false, false]);
  assert.deepEqual(["192.0.2.1", "2001:db8:0:1:2:3:4:5", "2001:DB8:0:1::9", "2001:db8::1", "::1"].map(addressGroup),
    ["192.0.2.1", "2001:db8:0:1::/64", "2001:db8:0:1::/64", "2001:db8:0:0::/64", "0:0:0:0::/64"]);
});
