import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const retentionRestoreCommand = command({
  name: "retention restore",
  summary: "Put deleted tags of a registry back",
  usage: "[OPTIONS] REPOSITORY:TAG [REPOSITORY:TAG...]",
  flags: flagTable(registryFlags),
  examples: [{ title: "After a rule that was too strict", line: "sampan retention restore --root /srv/registry team/app:1.2.0" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const { openRegistryRecords } = await import("../registry/open-registry-records.ts");
    const { metadata } = await openRegistryRecords(flags, io);
    await using _records = metadata;
    for (const name of positionals) {
      const colon = name.lastIndexOf(":");
      if (colon < 1) throw fault("USAGE", { problem: `${JSON.stringify(name)} names no tag: write REPOSITORY:TAG` });
      const outcome = await metadata.restoreTag(name.slice(0, colon), name.slice(colon + 1), { user: undefined, address: undefined, agent: "sampan retention" });
      if (outcome !== "restored") throw fault("RETENTION_NOT_RESTORED", { name, problem: outcome });
      io.stdout.write(`${name}\n`);
    }
  },
});
