import type { ReplicationRule } from "../../server/config/replication-section.ts";
import { newStatus } from "../../server/mirror/replication-notes.ts";
import { fault } from "../../std/fault.ts";

/** The rule that a word names: its number in the configuration, from 1, or its name as `status` shows it, where no other has the same. @throws REPLICATION_RULE_UNKNOWN */
export function replicationRule(rules: readonly ReplicationRule[], word: string): ReplicationRule {
  const named = rules.filter((rule) => newStatus(rule).name === word);
  const rule = /^\d+$/.test(word) ? rules[Number(word) - 1] : named.length === 1 ? named[0] : undefined;
  if (!rule) throw fault("REPLICATION_RULE_UNKNOWN", { word, names: rules.map((each) => newStatus(each).name) });
  return rule;
}
