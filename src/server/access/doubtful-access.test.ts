import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../config/read-config.ts";
import { isFault } from "../../std/fault.ts";
import { doubtfulAccess } from "./doubtful-access.ts";

const doubts = (text: string, users?: readonly string[]): readonly string[] => {
  const { access, tls } = readConfig(`access:\n${text}`, "registry.yaml");
  return doubtfulAccess({ access: access!, tls }, users && new Set(users));
};

test("grants for groups and users that are not there are doubtful", () => {
  const text = `  groups: {core: [alice, bop]}
  grants:
    - {who: ["group:croe", "group:core", authenticatd, user:bob, carol, robot:ci, anonymous], role: reader, repositories: "**"}`;
  assert.deepEqual(doubts(text, ["alice", "bob"]), [
    "group:croe: there is no such group: did you mean core?",
    "authenticatd: the password file has no such user: did you mean authenticated?",
    "carol: the password file has no such user",
    "bop, in the group core: the password file has no such user: did you mean bob?",
  ]);
  const ldap = "  ldap: {url: 'ldaps://ldap.example.com', userBase: 'ou=people,dc=example,dc=com'}\n";
  assert.deepEqual(doubts(ldap + text, ["alice", "bob"]), [], "a directory may know them");
});

test("grants for users where nothing says who they are are doubtful", () => {
  assert.match(doubts("  grants: [{who: authenticated, role: reader, repositories: '**'}]").join("\n"), /^there are grants for users, and neither htpasswd/);
  const certificates = "\ntls: {certificate: server.pem, key: key.pem, clients: clients.pem}";
  assert.deepEqual(doubts(`  grants: [{who: [authenticated, alice], role: reader, repositories: '**'}]${certificates}`), [], "certificates name them");
  assert.deepEqual(doubts(`  grants: [{who: machine, role: reader, repositories: '**'}]${certificates}`, ["alice"]), []);
  assert.deepEqual(doubts("  grants: [{who: [anonymous, robot:ci], role: reader, repositories: '**'}]"), []);
});

test("a role that is always there is not said anew, and nothing takes rights away", () => {
  const problemOf = (text: string): string => {
    try {
      readConfig(`access:\n${text}`, "registry.yaml");
    } catch (error) {
      if (isFault(error, "SERVER_CONFIG_INVALID")) return error.message;
    }
    return "";
  };
  assert.match(problemOf("  roles: {reader: [pull, push]}"), /access\.roles\.reader: reader is always there and means pull: choose another name/);
  assert.match(problemOf("  grants: [{who: bob, role: reader, repositories: '!prod/*'}]"), /! takes nothing away/);
});
