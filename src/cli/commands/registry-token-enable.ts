import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryTokenEnableCommand = command({
  name: "registry token enable",
  summary: "Put personal tokens back to use that have outlived their user",
  description: "The registry puts the tokens of a user out of use when there is no such user any more or another one of that name (in a password file: with another password), so that a later one does not get them. This gives them to who has the name now.",
  usage: "--user USER [OPTIONS] NAME [NAME...]",
  flags: flagTable({ ...registryFlags, user: { kind: "text", short: "u", value: "USER", help: "The user whose tokens they are" } }),
  examples: [{ title: "A user who got another password in the password file", line: "sampan registry token enable --root /srv/registry --user alice laptop" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const owner = flags.user;
    if (!owner) throw fault("USAGE", { problem: "whose token? name the user with --user" });
    const { changeSecrets } = await import("../registry/change-secrets.ts");
    await changeSecrets(positionals.map((name) => ({ kind: "token", owner, name })), "enable", { root: flags.root, config: flags.config, io });
  },
});
