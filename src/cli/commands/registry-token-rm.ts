import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryTokenRmCommand = command({
  name: "registry token rm",
  summary: "Remove personal tokens from a registry",
  description: "A running server knows it at once.",
  usage: "--user USER [OPTIONS] NAME [NAME...]",
  flags: flagTable({ ...registryFlags, user: { kind: "text", short: "u", value: "USER", help: "The user whose tokens they are" } }),
  examples: [{ title: "A laptop that was lost", line: "sampan registry token rm --root /srv/registry --user alice laptop" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const owner = flags.user;
    if (!owner) throw fault("USAGE", { problem: "whose token? name the user with --user" });
    const { changeSecrets } = await import("../registry/change-secrets.ts");
    await changeSecrets(positionals.map((name) => ({ kind: "token", owner, name })), "rm", { root: flags.root, config: flags.config, io });
  },
});
