import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { isPrivate, resolveTarget } from "./follow.ts";

const from = (url: string) => (target: string): string => resolveTarget(target, new URL(url), "r.example").href;

test("a path is taken below the host that gave it, and the query stays as it is", () => {
  assert.equal(from("https://r.example/v2/")("/v2/a?_state=b%2Bc&x=1"), "https://r.example/v2/a?_state=b%2Bc&x=1");
});

test("plain HTTP to the same host is raised to the HTTPS that we came by", () => {
  assert.equal(from("https://r.example:8443/")("http://r.example/v2/a?b=c"), "https://r.example:8443/v2/a?b=c");
});

test("other hosts may be followed, without a login in the address", () => {
  assert.equal(from("https://r.example/")("https://user:secret@cdn.example/b"), "https://cdn.example/b");
});

test("leaving HTTPS, other schemes and private addresses are refused", () => {
  for (const target of ["http://cdn.example/b", "file:///etc/passwd", "https://169.254.169.254/latest", "https://127.0.0.1/", "https://localhost./", "https://[::1]/", "https://[fd00::1]/", "https://10.0.0.1/", "http://["]) {
    assert.throws(() => from("https://r.example/")(target), (error) => isFault(error, "REDIRECT_REFUSED"), target);
  }
});

test("a registry on a private address may lead to another one", () => {
  assert.equal(from("http://127.0.0.1:5000/")("http://127.0.0.1:9000/b"), "http://127.0.0.1:9000/b");
});

test("a refusal does not tell the query, which may hold a signature", () => {
  assert.throws(() => from("https://r.example/")("http://cdn.example/b?sig=SECRET"), (error) => error instanceof Error && !error.message.includes("SECRET"));
});

test("public addresses are not private", () => {
  for (const host of ["8.8.8.8", "172.32.0.1", "example.com", "[2001:db8::1]", "100.128.0.1"]) assert.ok(!isPrivate(host), host);
});
