import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionError, toFault } from "./connection-error.ts";

const sort = (error: unknown, url = "https://r.example/v2/") => connectionError(error, new URL(url), { connectTimeout: 10_000 });
const coded = (code: string, message = "it failed"): Error => Object.assign(new Error(message), { code });

test("errors of sockets, names and TLS are sorted, also when they are wrapped", () => {
  const expected: [unknown, string][] = [
    [coded("ECONNREFUSED"), "refused"],
    [Object.assign(new AggregateError([coded("ECONNREFUSED")], ""), { code: "ECONNREFUSED" }), "refused"],
    [new TypeError("fetch failed", { cause: coded("ENOTFOUND") }), "unknown-host"],
    [coded("EAI_AGAIN"), "unresolved"],
    [coded("ECONNRESET"), "broken"],
    [coded("ETIMEDOUT"), "timeout"],
    [coded("DEPTH_ZERO_SELF_SIGNED_CERT"), "certificate"],
    [coded("CERT_HAS_EXPIRED"), "certificate"],
    [coded("ERR_TLS_CERT_ALTNAME_INVALID"), "certificate"],
    [coded("ERR_SSL_WRONG_VERSION_NUMBER"), "wrong-protocol"],
    [coded("HPE_INVALID_CONSTANT"), "wrong-protocol"],
    [coded("HPE_HEADER_OVERFLOW"), "malformed"],
    [new Error("something else"), "broken"],
  ];
  for (const [error, problem] of expected) assert.equal(sort(error).problem, problem, String((error as { code?: string }).code));
});

test("what may pass soon is worth another try, a wrong name, certificate or protocol is not", () => {
  for (const code of ["ECONNREFUSED", "ECONNRESET", "EAI_AGAIN", "ETIMEDOUT"]) assert.ok(sort(coded(code)).transient, code);
  for (const code of ["ENOTFOUND", "CERT_HAS_EXPIRED", "EPROTO", "HPE_HEADER_OVERFLOW"]) assert.ok(!sort(coded(code)).transient, code);
});

test("a host without TLS leads to --insecure, a timeout tells how long was waited", () => {
  assert.match(toFault(sort(coded("EPROTO")), "r.example").hint ?? "", /--insecure/);
  assert.match(toFault(sort(coded("ETIMEDOUT")), "r.example").message, /a connection for more than 10 s/);
});

test("docker.io is named together with the host that was asked in its place", () => {
  assert.match(toFault(sort(coded("ECONNREFUSED"), "https://registry-1.docker.io/"), "docker.io").message, /docker\.io \(registry-1\.docker\.io\)/);
});
