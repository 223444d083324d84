import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../config/read-config.ts";
import { compileGrants } from "./grants.ts";
import { ANONYMOUS, type Identity } from "./identity.ts";
import { isRepositoryPattern, repositoryPattern } from "../terms/repository-pattern.ts";

const user = (name: string, ...groups: string[]): Identity => ({ kind: "user", name, groups });
const grantsOf = (text: string) => compileGrants(readConfig(`access:\n${text}`, "registry.yaml").access!);

test("patterns: one star stays between slashes, two do not, one alone means all", () => {
  const matches = (pattern: string, name: string): boolean => repositoryPattern(pattern)(name);
  assert.deepEqual(["prod/a", "prod/a/b", "prod", "prods/a"].map((name) => matches("prod/*", name)), [true, false, false, false]);
  assert.deepEqual(["prod/a", "prod/a/b", "prods/a"].map((name) => matches("prod/**", name)), [true, true, false]);
  assert.deepEqual(["a", "a/b/c"].map((name) => matches("*", name)), [true, true]);
  assert.deepEqual(["web/app", "api/app", "db/app"].map((name) => matches("{web,api}/*", name)), [true, true, false]);
  assert.equal(matches("prod.x/*", "prodqx/a"), false);
  assert.deepEqual(["/a", "a/", "A", "a b", "", "!a(b)", "../a", "a//b", "a/./b", "a..b/**"].map(isRepositoryPattern), [...Array<boolean>(9).fill(false), true]);
});

test("only the core team may push to prod/*", () => {
  const grants = grantsOf(`
  groups: {core: [alice]}
  grants:
    - {who: authenticated, role: reader, repositories: "**"}
    - {who: group:core, role: writer, repositories: prod/*}
    - {who: anonymous, role: reader, repositories: public/**}`);
  const may = (identity: Identity, right: "pull" | "push", repository: string): boolean => grants.decide(identity, right, repository).allowed;
  assert.equal(may(user("alice", "core"), "push", "prod/shop"), true);
  assert.equal(may(user("bob"), "push", "prod/shop"), false);
  assert.equal(may(user("bob"), "pull", "prod/shop"), true);
  assert.equal(may(ANONYMOUS, "pull", "prod/shop"), false);
  assert.equal(may(ANONYMOUS, "pull", "public/x"), true);
  assert.equal(may(user("bob"), "pull", "public/x"), true, "what everybody may");
  assert.equal(grants.decide(user("bob"), "push", "prod/shop").reason, "user bob may not push to prod/shop: has only reader on ** (authenticated)");
  assert.equal(grants.decide(user("alice", "core"), "push", "prod/shop").reason, "user alice may push to prod/shop: writer on prod/* (group:core)");
});

test("grants add up, and a user's name is no group's and no robot's", () => {
  const grants = grantsOf(`
  roles: {cleaner: [delete]}
  grants:
    - {who: [user:core, robot:ci], role: reader, repositories: [a, b/**]}
    - {who: core, role: cleaner, repositories: a}`);
  assert.deepEqual([...grants.rights(user("core"), "a")].sort(), ["delete", "pull"]);
  assert.deepEqual([...grants.rights(user("core"), "b/c")], ["pull"]);
  assert.deepEqual([...grants.rights(user("x", "core"), "a")], []);
  assert.deepEqual([...grants.rights(user("ci"), "a")], []);
  assert.deepEqual([...grants.rights({ kind: "robot", name: "ci", groups: [] }, "a")], ["pull"]);
});
