import assert from "node:assert/strict";
import { test } from "node:test";
import { guardedConfig } from "../../../test/support/guarded-registry.ts";
import { explainAccess } from "./explain-access.ts";

test("a user is meant whether its name is bare or user:NAME, and a robot is in no group", (context) => {
  const { config } = guardedConfig(context, {
    users: { alice: "pw" },
    access: 'groups: {core: [alice, ci, "robot:ci"]}\ngrants: [{who: group:core, role: writer, repositories: "prod/*"}]',
  });
  const ask = (user: string, groups: string[] = []) => explainAccess({ config, user, groups, right: "push", repository: "prod/shop" });
  assert.deepEqual([ask("alice").allowed, ask("user:alice").allowed], [true, true]);
  assert.equal(ask("user:alice").reason, "user alice may push to prod/shop: writer on prod/* (group:core)");
  assert.deepEqual([ask("robot:ci").allowed, ask("robot$ci").allowed, ask("anonymous", ["core"]).allowed], [false, false, false]);
  assert.deepEqual([ask("alice").notes, ask("robot:ci").notes, ask("anonymous").notes], [[], [], []]);
  assert.deepEqual([ask("bob", ["core"]).allowed, ask("bob").notes], [true, ["the password file has no user bob: nobody can log in by that name"]]);
});
