import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryRobotDisableCommand = command({
  name: "registry robot disable",
  summary: "Put robots of a registry out of use until they are enabled again",
  description: "A running server knows it at once: tokens that it has given to the robot are good for nothing more.",
  usage: "[OPTIONS] NAME [NAME...]",
  flags: flagTable(registryFlags),
  examples: [{ title: "While somebody looks into it", line: "sampan registry robot disable --root /srv/registry ci" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const { changeSecrets } = await import("../registry/change-secrets.ts");
    await changeSecrets(positionals.map((name) => ({ kind: "robot", owner: "", name: name.replace(/^robot[:$]/, "") })), "disable", { root: flags.root, config: flags.config, io });
  },
});
