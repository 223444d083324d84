import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeFilter, fillFilter } from "./ldap-filter.ts";

test("what a user types stays a value of the filter", () => {
  assert.equal(escapeFilter("*"), "\\2a");
  assert.equal(escapeFilter("a)(uid=*"), "a\\29\\28uid=\\2a");
  assert.equal(escapeFilter("a\\2a\0é"), "a\\5c2a\\00é");
  assert.equal(fillFilter("(&(x=1)(uid={user}))", { user: "{dn}$&" }), "(&(x=1)(uid={dn}$&))");
  assert.equal(fillFilter("(|(member={dn})(memberUid={user}))", { user: "a", dn: "cn=(b)" }), "(|(member=cn=\\28b\\29)(memberUid=a))");
});
