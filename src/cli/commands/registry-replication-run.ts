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
    "is over, and the command waits for the end. What fails is shown, and the exit status is 1 then; the server goes on trying.",
  usage: "[OPTIONS] RULE",
  flags: flagTable({ ...registryFlags, detach: { kind: "switch", short: "d", help: "Do not wait for the end" } }),
  examples: [{ title: "The first rule, after the other side was repaired", line: "sampan registry replication run --root /srv/registry --config registry.yaml 1" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const [{ openRegistryRecords }, { replicationRule }, { readStatus, wishRun }, { setTimeout: wait }] = await Promise.all([
      import("../registry/open-registry-records.ts"), import("../registry/replication-rule.ts"), import("../../server/mirror/replication-notes.ts"), import("node:timers/promises"),
    ]);
    const { metadata, config } = await openRegistryRecords(flags, io);
    await using records = metadata;
    const rule = replicationRule(config.replication, positionals[0]!);
    await assertServed();
    const before = await readStatus(records, rule);
    const wish = await wishRun(records, rule);
    if (flags.detach) return 0;
    for (let look = 1; ; look += 1) {
      signal.throwIfAborted();
      const now = await readStatus(records, rule);
      const done = now.met === wish;
      if (done || (now.failed > before.failed && now.waits)) {
        io.stdout.write(`${now.name}: copied ${now.copied - before.copied}, deleted ${now.deleted - before.deleted}, failing ${now.problems.size}${done ? "" : "; the server goes on"}\n`);
        for (const [what, reason] of now.problems) io.stdout.write(`${what}: ${reason}\n`);
        return now.problems.size > 0 ? 1 : 0;
      }
      await wait(LOOK, undefined, { signal });
      if (look % PATIENCE !== 0) continue;
      await assertServed();
      // A server notes of each of its rules that it begins with it.
      if (!now.known) throw notServed();
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
