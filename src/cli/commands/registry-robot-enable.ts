import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryRobotEnableCommand = command({
  name: "registry robot enable",
  summary: "Put disabled robots of a registry back to use",
  description: "A running server knows it at once: tokens that are not too old are good again.",
  usage: "[OPTIONS] NAME [NAME...]",
  flags: flagTable(registryFlags),
  examples: [{ title: "Back to work", line: "sampan registry robot enable --root /srv/registry ci" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const { changeSecrets } = await import("../registry/change-secrets.ts");
    await changeSecrets(positionals.map((name) => ({ kind: "robot", owner: "", name: name.replace(/^robot[:$]/, "") })), "enable", { root: flags.root, config: flags.config, io });
  },
});
