import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";
import { secretFlags } from "../registry/secret-flags.ts";

export const registryRobotCreateCommand = command({
  name: "registry robot create",
  summary: "Make a robot of a registry, and show its secret once",
  description:
    "A robot is a login for a program. It is called `robot$NAME` and may do what the grants of the configuration give to `robot:NAME`, and besides " +
    "what --role and --repository say. A running server knows it at once. Of the secret only a hash is kept.",
  usage: "[OPTIONS] NAME",
  flags: flagTable({ ...registryFlags, ...secretFlags, role: { ...secretFlags.role, help: "What the robot may do in the repositories of --repository: reader, writer, maintainer, admin, or a role of --config" } }),
  examples: [{ title: "For a pipeline that pushes", line: "sampan registry robot create --root /srv/registry --role writer --repository 'team/**' --expires 365d ci" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io }) {
    const { createSecret } = await import("../registry/create-secret.ts");
    await createSecret({ kind: "robot", owner: "", name: positionals[0]!.replace(/^robot[:$]/, "") }, flags, io);
  },
});
