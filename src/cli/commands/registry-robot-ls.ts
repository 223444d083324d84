import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryRobotLsCommand = command({
  name: "registry robot ls",
  summary: "List the robots of a registry",
  usage: "[OPTIONS]",
  flags: flagTable({ ...registryFlags, json: { kind: "switch", help: "Write JSON" }, ...formatWord }),
  examples: [{ title: "Which ones have expired, and when each was last used", line: "sampan registry robot ls --root /srv/registry" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const { listSecrets } = await import("../registry/list-secrets.ts");
    await listSecrets("robot", flags, io);
  },
});
