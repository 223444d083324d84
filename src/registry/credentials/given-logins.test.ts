import assert from "node:assert/strict";
import { test } from "node:test";
import { givenLogins } from "./given-logins.ts";

const kept = { find: (host: string, repository?: string) => ({ username: `${host} ${repository}`, source: "file" }) };

test("a login that is given is for its host only", () => {
  const source = givenLogins(new Map([["r.example", { username: "me", password: "pw" }]]), kept);
  assert.deepEqual(source.find("r.example", "team/app"), { username: "me", password: "pw", source: "--creds" });
  assert.deepEqual(source.find("s.example", "team/app"), { username: "s.example team/app", source: "file" });
  assert.deepEqual(source.find("r.example:5000"), { username: "r.example:5000 undefined", source: "file" });
});

test("a login says which flag gave it", () => {
  const source = givenLogins(new Map([["r.example", { username: "me", password: "pw", flag: "--src-creds" }]]), kept);
  assert.deepEqual(source.find("r.example"), { username: "me", password: "pw", source: "--src-creds" });
});

test("the user <token> gives an identity token", () => {
  const source = givenLogins(new Map([["r.example", { username: "<token>", password: "id" }]]), kept);
  assert.deepEqual(source.find("r.example"), { identityToken: "id", source: "--creds" });
});
