import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { isLoopback } from "./addresses.ts";
import { chooseProxy, environmentProxies, joinProxies } from "./proxy-choice.ts";

const through = (url: string, environment: Record<string, string>): string | undefined => chooseProxy(new URL(url), environmentProxies(environment))?.url.host;

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

test("NO_PROXY knows blocks of IPv6 addresses", () => {
  const environment = { HTTPS_PROXY: "http://p:1", NO_PROXY: "fd00::/8,[2001:db8::1]:8443" };
  assert.equal(through("https://[fd12::1]/", environment), undefined);
  assert.equal(through("https://[2001:db8::1]:8443/", environment), undefined);
  assert.equal(through("https://[2001:db8::1]/", environment), "p:1");
});

test("SOCKS5 proxies are chosen like the others", () => {
  assert.equal(through("https://a.test/", { HTTPS_PROXY: "socks5://p:1" }), "p:1");
  assert.equal(through("http://a.test/", { ALL_PROXY: "socks5h://p:2" }), "p:2");
});

test("a proxy of a kind that is not spoken, or that is no URL, is refused without its password", () => {
  for (const value of ["ftp://me:SECRET@p:1", "socks4://me:SECRET@p:1", "http://me:SECRET@[", "http://me:100%SECRET@p:1"]) {
    assert.throws(() => through("https://a.test/", { HTTPS_PROXY: value }), (error) => isFault(error, "PROXY_INVALID") && /HTTPS_PROXY/.test(error.message) && !error.message.includes("SECRET"), value);
  }
});

test("each setting comes from the first place that has it, and tells which", () => {
  const file = { http: { value: "http://f:1", source: "file" }, none: { value: "b.test", source: "file" } };
  const settings = joinProxies(environmentProxies({ HTTP_PROXY: "http://e:1" }), file);
  assert.deepEqual(chooseProxy(new URL("http://a.test/"), settings), { url: new URL("http://e:1"), source: "HTTP_PROXY" });
  assert.equal(chooseProxy(new URL("http://b.test/"), settings), undefined);
});
