import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chooseChallenge, parseChallenges } from "./challenge.ts";

test("a Bearer challenge with quoted parameters is read", () => {
  assert.deepEqual(parseChallenges('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'), [
    { scheme: "bearer", parameters: { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" } },
  ]);
});

test("several challenges in one header are told apart, with unquoted values, escapes and odd spaces", () => {
  assert.deepEqual(parseChallenges('Negotiate, Basic Realm = "a \\"b\\"" , charset=UTF-8,  bearer realm=x'), [
    { scheme: "negotiate", parameters: {} },
    { scheme: "basic", parameters: { realm: 'a "b"', charset: "UTF-8" } },
    { scheme: "bearer", parameters: { realm: "x" } },
  ]);
});

test("several headers are read one after the other, and no header means no challenge", () => {
  assert.equal(parseChallenges(['Basic realm="a"', 'Bearer realm="b"']).length, 2);
  assert.deepEqual(parseChallenges(undefined), []);
});

test("Bearer is preferred to Basic, but not without a realm", () => {
  assert.equal(chooseChallenge(parseChallenges('Basic realm="a", Bearer realm="b"'))?.scheme, "bearer");
  assert.equal(chooseChallenge(parseChallenges('Bearer service="b", Basic realm="a"'))?.scheme, "basic");
  assert.equal(chooseChallenge(parseChallenges("Digest realm=x")), undefined);
});

test("any text is read without an exception, and any quoted value comes back", () => {
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseChallenges(text))));
  fc.assert(
    fc.property(fc.string(), fc.string(), (realm, service) => {
      const quote = (value: string): string => `"${value.replace(/["\\]/g, "\\$&")}"`;
      const [challenge] = parseChallenges(`Bearer realm=${quote(realm)},service=${quote(service)}`);
      assert.deepEqual({ ...challenge?.parameters }, { realm, service });
    }),
  );
});
