import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

/** Between two looks at how far the server is, in milliseconds. */
const LOOK = 200;
/** After how many looks it is asked whether there is a server with the rule at all. */
const PATIENCE = 15;

export const registryReplicationRunCommand = command({
  name: "registry replication run",
  summary: "Have a registry's server compare and copy by a rule now",
  description:
    "RULE is the number or the name that `registry replication status` shows. The server that runs on the registry compares both sides at once instead of when the interval " +
    "is over, and the command waits for the end. What fails is shown, and the exit status is 1 then; the server goes on trying.\n\nAfter a registry was restored from a backup, rules with `to` and `delete` delete nothing over there, where tags may be that the backup does not know. " +
    "`--confirm-deletes` says that they shall: look first at what `registry replication status` says of it.",
  usage: "[OPTIONS] RULE",
  flags: flagTable({ ...registryFlags, detach: { kind: "switch", short: "d", help: "Do not wait for the end" }, "confirm-deletes": { kind: "switch", help: "Let a rule delete again on the other side, after its registry was restored" } }),
  examples: [{ title: "The first rule, after the other side was repaired", line: "sampan registry replication run --root /srv/registry --config registry.yaml 1" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ openRegistryRecords }, { replicationRule }, { isServed, readStatus, wishRun }, { confirmDeletions, deletionsHeld }, { setTimeout: wait }] = await Promise.all([
      import("../registry/open-registry-records.ts"), import("../registry/replication-rule.ts"), import("../../server/mirror/replication-notes.ts"), import("../../server/mirror/deletion-hold.ts"), import("node:timers/promises"),
    ]);
    const { metadata, config } = await openRegistryRecords(flags, io);
    await using records = metadata;
    const rule = replicationRule(config.replication, positionals[0]!);
    await assertServed();
    if (flags["confirm-deletes"]) {
      if (rule.to === undefined || !rule.delete) throw fault("USAGE", { problem: "--confirm-deletes is for rules with `to` and `delete: true`" });
      await confirmDeletions(records, rule);
    }
    const before = await readStatus(records, rule);
    const wish = await wishRun(records, rule);
    if (flags.detach) return 0;
    for (let look = 1; ; look += 1) {
      signal.throwIfAborted();
      const now = await readStatus(records, rule);
      const done = now.met === wish;
      if (done || (now.failed > before.failed && now.waits)) {
        io.stdout.write(`${now.name}: copied ${now.copied - before.copied}, deleted ${now.deleted - before.deleted}, failing ${now.problems.size}${done ? "" : "; the server goes on"}\n`);
        if (await deletionsHeld(records, rule)) io.stdout.write(`${now.held} deletions are held back since the registry was restored: --confirm-deletes lets them go\n`);
        for (const [what, { reason }] of now.problems) io.stdout.write(`${what}: ${reason}\n`);
        return now.problems.size > 0 ? 1 : 0;
      }
      await wait(LOOK, undefined, { signal });
      if (look % PATIENCE !== 0) continue;
      await assertServed();
      await assertRuleServed(now.known);
    }

    /** A server says which rules it has when it begins; one of an older version notes of each that it begins with it. */
    async function assertRuleServed(known: boolean): Promise<void> {
      if ((await isServed(records, rule)) ?? known) return;
      throw fault("REPLICATION_RULE_NOT_SERVED", { name: before.name, root: flags.root ?? "the registry" });
    }

    function notServed(): Error {
      return fault("REPLICATION_NOT_SERVED", { root: flags.root ?? "the registry" });
    }

    async function assertServed(): Promise<void> {
      await using idle = await records.tryLock("replication");
      if (idle) throw notServed();
    }
  },
});
