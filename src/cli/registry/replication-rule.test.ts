import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "../../server/config/read-config.ts";
import { readerOf } from "../../server/mirror/replication-notes.ts";
import { isFault } from "../../std/fault.ts";
import { replicationRule } from "./replication-rule.ts";

test("rules for the same repositories and place that choose other tags have notes of their own, and are named by name or number", () => {
  const { replication } = readConfig('replication: [{name: newest, to: r.example.com, repositories: a, tags: latest}, {name: versions, to: r.example.com, repositories: a, semver: ">=1", latest: 3}, {to: r.example.com, repositories: a}, {to: r.example.com, repositories: b, delete: true}]', "registry.yaml");
  assert.equal(new Set(replication.map(readerOf)).size, 4);
  assert.equal(readerOf(replication[3]!), readerOf({ ...replication[3]!, ...{ delete: false, referrers: false, interval: 1 } }), "and what else is changed in one changes nothing");
  assert.equal(replicationRule(replication, "2"), replication[1]);
  assert.equal(replicationRule(replication, "versions"), replication[1]);
  assert.equal(replicationRule(replication, "to r.example.com: a"), replication[2]);
  assert.equal(replicationRule(replication, "to r.example.com: b"), replication[3]);
  assert.throws(() => replicationRule(replication, "to r.example.com: c"), (error) => isFault(error, "REPLICATION_RULE_UNKNOWN"));
});
