import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryTokenLsCommand = command({
  name: "registry token ls",
  summary: "List the personal tokens of a registry",
  usage: "[OPTIONS]",
  flags: flagTable({ ...registryFlags, user: { kind: "text", short: "u", value: "USER", help: "Only those of this user" }, json: { kind: "switch", help: "Write JSON" }, ...formatWord }),
  examples: [{ title: "What alice has", line: "sampan registry token ls --root /srv/registry --user alice" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const { listSecrets } = await import("../registry/list-secrets.ts");
    await listSecrets("token", flags, io);
  },
});
