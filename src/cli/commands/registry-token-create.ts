import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";
import { secretFlags } from "../registry/secret-flags.ts";

export const registryTokenCreateCommand = command({
  name: "registry token create",
  summary: "Make a personal token of a user of a registry, and show it once",
  description:
    "A personal token is used in the place of the user's password. It gives all the user may do, or with --role and --repository at most that. It ends with the " +
    "user. A running server knows it at once. Only a hash of it is kept.",
  usage: "--user USER [OPTIONS] NAME",
  flags: flagTable({ ...registryFlags, user: { kind: "text", short: "u", value: "USER", help: "The user that it logs in" }, ...secretFlags, role: { ...secretFlags.role, help: "What it is good for at most, in the repositories of --repository: reader, writer, maintainer, admin, or a role of --config" } }),
  examples: [{ title: "For a laptop that only pulls", line: "sampan registry token create --root /srv/registry --user alice --role reader --repository '**' laptop" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io }) {
    if (!flags.user) throw fault("USAGE", { problem: "whose token? name the user with --user" });
    if (/^robot\$|[:\s]/.test(flags.user)) throw fault("USAGE", { problem: `${JSON.stringify(flags.user)} is no name of a user` });
    const { createSecret } = await import("../registry/create-secret.ts");
    await createSecret({ kind: "token", owner: flags.user, name: positionals[0]! }, flags, io);
  },
});
