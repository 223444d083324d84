import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback, proxyFor } from "./proxy-environment.ts";

const through = (url: string, environment: Record<string, string>): string | undefined => proxyFor(new URL(url), environment)?.host;

test("https and http have a proxy each, in upper or lower case, and ALL_PROXY stands in", () => {
  assert.equal(through("https://a.test/", { HTTPS_PROXY: "http://p:1" }), "p:1");
  assert.equal(through("http://a.test/", { HTTPS_PROXY: "http://p:1" }), undefined);
  assert.equal(through("http://a.test/", { http_proxy: "p:2" }), "p:2");
  assert.equal(through("https://a.test/", { ALL_PROXY: "http://p:3" }), "p:3");
});

test("loopback is never reached through a proxy", () => {
  for (const host of ["localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"]) {
    assert.equal(through(`http://${host}/`, { HTTP_PROXY: "http://p:1" }), undefined, host);
  }
  assert.ok(!isLoopback("127.example.com"));
});

test("NO_PROXY lists hosts with their subdomains, subdomains only, ports, addresses, blocks and everything", () => {
  const excluded = (url: string, list: string): boolean => through(url, { HTTPS_PROXY: "http://p:1", NO_PROXY: list }) === undefined;
  assert.ok(excluded("https://a.example.com/", "example.com"));
  assert.ok(excluded("https://example.com/", " other , example.com"));
  assert.ok(!excluded("https://example.com/", ".example.com"));
  assert.ok(excluded("https://a.example.com/", "*.example.com"));
  assert.ok(!excluded("https://badexample.com/", "example.com"));
  assert.ok(excluded("https://example.com:8443/", "example.com:8443"));
  assert.ok(!excluded("https://example.com/", "example.com:8443"));
  assert.ok(excluded("https://10.1.2.3/", "10.0.0.0/8"));
  assert.ok(!excluded("https://11.1.2.3/", "10.0.0.0/8"));
  assert.ok(excluded("https://anything/", "*"));
});

test("a proxy of a kind that is not spoken, or that is no URL, is passed over", () => {
  assert.equal(through("https://a.test/", { HTTPS_PROXY: "socks5://p:1" }), undefined);
  assert.equal(through("https://a.test/", { HTTPS_PROXY: "http://[" }), undefined);
});
