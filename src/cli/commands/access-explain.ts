import { fault } from "../../std/fault.ts";
import type { SecretRecord } from "../../server/storage/secrets.ts";
import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import type { Io } from "../io.ts";

export const accessExplainCommand = command({
  name: "access explain",
  summary: "Show whether somebody may do something, and which grant decides",
  description:
    "Reads a registry's configuration and says whether USER may VERB in REPOSITORY: every grant that is theirs, which of them covers the repository and gives the right. " +
    "USER is a name, `anonymous`, or `robot:NAME`; VERB one of pull, push, retag, delete, sign, scan, admin. With --root the scope of a robot counts too. Nothing is contacted.\n\n" +
    "Ends with 0 when it is allowed and with 1 when it is not.",
  usage: "--config FILE USER VERB REPOSITORY",
  flags: flagTable({
    config: { kind: "text", short: "c", value: "FILE", help: "Configuration of the registry" },
    root: { kind: "text", value: "DIR", help: "Folder of the registry's content, which knows its robots" },
    group: { kind: "list", value: "NAME", help: "A group that USER is in, besides those of the configuration" },
    json: { kind: "switch", help: "Write JSON" },
    ...formatWord,
  }),
  examples: [{ title: "Who may push to production", line: "sampan access explain --config registry.yaml alice push prod/shop" }],
  positionals: { min: 3, max: 3 },
  async run({ flags, positionals, io }) {
    const [user, verb, repository] = positionals as readonly [string, string, string];
    if (flags.config === undefined) throw fault("USAGE", { problem: "whose rights? name the registry's configuration with --config FILE" });
    const { RIGHTS } = await import("../../server/terms/rights.ts");
    const right = RIGHTS.find((each) => each === verb);
    if (right === undefined) throw fault("USAGE", { problem: `${JSON.stringify(verb)} is no verb: use ${RIGHTS.join(", ")}` });
    const { explainAccess, robotOf } = await import("../../server/access/explain-access.ts");
    const name = robotOf(user);
    const robot = flags.root === undefined || name === undefined ? undefined : await findRobot({ root: flags.root, config: flags.config }, name, io);
    const explained = explainAccess({ config: flags.config, user, groups: flags.group, right, repository, robot });
    if (flags.json) io.stdout.write(`${JSON.stringify(explained, null, 2)}\n`);
    else {
      io.stdout.write(`${explained.allowed ? "yes" : "no"}: ${explained.reason}\n`);
      for (const note of explained.notes) io.stdout.write(`  note: ${note}\n`);
      for (const { grant, covers, gives } of explained.grants) {
        io.stdout.write(`  ${covers && gives ? "✓" : " "} ${grant}${covers ? (gives ? "" : `, which does not ${verb}`) : ", which is for other repositories"}\n`);
      }
    }
    return explained.allowed ? 0 : 1;
  },
});

/** @throws REGISTRY_SECRET_UNKNOWN */
async function findRobot(flags: { root: string; config: string }, name: string, io: Io): Promise<SecretRecord> {
  const { withRecords } = await import("../registry/with-records.ts");
  const robot = (await withRecords(flags, io, (metadata) => metadata.secrets("robot"))).find((each) => each.name === name);
  if (!robot) throw fault("REGISTRY_SECRET_UNKNOWN", { kind: "robot", name: `robot$${name}` });
  return robot;
}
