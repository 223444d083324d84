import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryReplicationStatusCommand = command({
  name: "registry replication status",
  summary: "Show how the replication rules of a registry are doing",
  description:
    "For each rule of `replication` in the configuration: what was copied and deleted, when both sides were last the same, tags that were pushed and are not " +
    "copied yet, and what fails and why. It reads beside the server, which need not run.\n\nThe exit status is 1 when something fails.",
  usage: "[OPTIONS]",
  flags: flagTable({ ...registryFlags, json: { kind: "switch", help: "Write JSON" }, ...formatWord }),
  examples: [{ title: "What is behind, and why", line: "sampan registry replication status --root /srv/registry --config registry.yaml" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ openRegistryRecords }, { readStatus }, { pendingTags }, { deletionsHeld }, { formatRows }] = await Promise.all([
      import("../registry/open-registry-records.ts"), import("../../server/mirror/replication-notes.ts"), import("../../server/mirror/pending-tags.ts"), import("../../server/mirror/deletion-hold.ts"), import("../template/format.ts"),
    ]);
    const { metadata, config } = await openRegistryRecords(flags, io);
    await using records = metadata;
    await using idle = await records.tryLock("replication");
    const rules = await Promise.all(config.replication.map(async (rule) => {
      const status = await readStatus(records, rule);
      const pending = rule.to !== undefined && status.known ? await pendingTags(records, rule) : [];
      const state = idle ? "not running" : status.comparing !== undefined ? `comparing ${status.comparing}` : status.problems.size > 0 ? "failing" : "up to date";
      const held = rule.to !== undefined && rule.delete && (await deletionsHeld(records, rule)) ? status.held : undefined;
      return { ...status, held, state: state === "up to date" && pending.length > 0 ? "copying" : state, pending };
    }));
    const date = (time: number | undefined): string | undefined => (time === undefined ? undefined : new Date(time).toISOString().replace(/\.\d+Z$/, "Z"));
    const failing = rules.some(({ problems }) => problems.size > 0);
    if (flags.json) {
      io.stdout.write(`${JSON.stringify(rules.map(({ name, state, copied, deleted, failed, doneAt, pending, held, problems }) => ({ name, state, copied, deleted, failed, same: date(doneAt) ?? null, pending, ...(held === undefined ? {} : { deletionsHeld: held }), problems: [...problems].map(([what, { reason }]) => ({ what, reason })) })), null, 2)}\n`);
      return failing ? 1 : 0;
    }
    const rows = rules.map(({ name, state, copied, deleted, doneAt, pending, problems }, index) => ({
      Number: index + 1, Rule: name, State: state, Copied: copied, Deleted: deleted, Pending: pending.length, Failing: problems.size, Same: date(doneAt) ?? "never",
    }));
    io.stdout.write(formatRows(rows, {
      format: undefined, defaultTable: "{{.Number}}\\t{{.Rule}}\\t{{.State}}\\t{{.Copied}}\\t{{.Deleted}}\\t{{.Pending}}\\t{{.Failing}}\\t{{.Same}}",
      headers: { Number: "NO.", Rule: "RULE", State: "STATE", Copied: "COPIED", Deleted: "DELETED", Pending: "PENDING", Failing: "FAILING", Same: "LAST THE SAME" },
    }));
    for (const { name, held } of rules) {
      if (held !== undefined) io.stdout.write(`${name}: the registry was restored or copied, so nothing is deleted over there (${held} tags would be): \`sampan registry replication run --confirm-deletes RULE\` lets it delete again\n`);
    }
    for (const { name, problems } of rules) for (const [what, { reason }] of problems) io.stdout.write(`${name}: ${what}: ${reason}\n`);
    return failing ? 1 : 0;
  },
});
