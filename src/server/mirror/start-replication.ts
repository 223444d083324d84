import type { ReplicationRule } from "../config/replication-section.ts";
import { readNamedFile } from "../config/values.ts";
import { startJob } from "../storage/start-job.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import { holdDeletions } from "./deletion-hold.ts";
import { openReplicatedPlace } from "./replicated-place.ts";
import { replicatedMark } from "./replicated-mark.ts";
import { newStatus, noteServed, type ReplicationStatus } from "./replication-notes.ts";
import { serveRule } from "./serve-rule.ts";

export interface Replication extends AsyncDisposable {
  /** How the rules are doing, as far as this process has them. */
  status(): readonly ReplicationStatus[];
}

/**
 * The section `replication` at work: each rule compares everything when the server starts and every interval; with `to` it also follows
 * the log of changes, from where its cursor is. Of several servers one does it.
 * @throws SERVER_CONFIG_UNREADABLE for files that it names
 */
export function startReplication(
  rules: readonly ReplicationRule[],
  options: { root: string; storage: RegistryStorage; immutable: ImmutableTags; trash: number; configFile: string; report: (problem: Error) => void },
): Replication {
  const { configFile, root, ...shared } = options;
  const opened = rules.map((rule) => ({
    rule,
    status: newStatus(rule),
    place: openReplicatedPlace(rule, {
      ...shared,
      password: rule.passwordFile === undefined ? rule.password : readNamedFile(configFile, rule.passwordFile).replace(/\r?\n$/, ""),
      certificates: rule.ca === undefined ? [] : [readNamedFile(configFile, rule.ca)],
    }),
  }));
  const { metadata } = shared.storage;
  const mark = replicatedMark(root, shared.report);
  const job = startJob("replication", metadata, async (signal) => {
    await noteServed(metadata, rules);
    await holdDeletions(metadata, rules, { mark, report: shared.report });
    await Promise.all(opened.map((each) => serveRule({ ...shared, ...each, mark, signal })));
  }, shared.report);
  return {
    status: () => opened.map(({ status }) => status),
    async [Symbol.asyncDispose]() {
      await job[Symbol.asyncDispose]();
      await Promise.all(opened.map(({ place }) => place[Symbol.asyncDispose]()));
    },
  };
}
