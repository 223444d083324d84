import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryRobotRmCommand = command({
  name: "registry robot rm",
  summary: "Remove robots from a registry",
  description: "A running server knows it at once: tokens that it has given to the robot are good for nothing more.",
  usage: "[OPTIONS] NAME [NAME...]",
  flags: flagTable(registryFlags),
  examples: [{ title: "A secret that was lost", line: "sampan registry robot rm --root /srv/registry ci" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const { changeSecrets } = await import("../registry/change-secrets.ts");
    await changeSecrets(positionals.map((name) => ({ kind: "robot", owner: "", name: name.replace(/^robot[:$]/, "") })), "rm", { root: flags.root, config: flags.config, io });
  },
});
