import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const retentionPlanCommand = command({
  name: "retention plan",
  summary: "Show which tags of a registry stay and which go, and why",
  description:
    "Lists every tag of the repositories that a rule of the configuration is for (`retention.rules`), with the rule and the reason. Nothing is changed; " +
    "`retention apply` does exactly what was planned. It works beside the running server.",
  usage: "--config FILE [OPTIONS]",
  flags: flagTable({
    ...registryFlags,
    json: { kind: "switch", help: "Write JSON, for `retention apply`" },
    ...formatWord,
    deletions: { kind: "switch", help: "Show only what goes" },
  }),
  examples: [{ title: "Read first, then do exactly that", line: "sampan retention plan -c registry.yaml --json > plan.json && sampan retention apply -c registry.yaml plan.json" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    if (flags.config === undefined) throw fault("USAGE", { problem: "which rules? name the registry's configuration with --config FILE" });
    const { openRegistryRecords } = await import("../registry/open-registry-records.ts");
    const { planRepositories } = await import("../../server/keep/retention.ts");
    const { metadata, config } = await openRegistryRecords(flags, io);
    await using _records = metadata;
    const now = Date.now();
    const repositories = [];
    for await (const plan of planRepositories(metadata, config, now)) repositories.push(plan);
    if (flags.json) return void io.stdout.write(`${JSON.stringify({ version: 1, plannedAt: new Date(now).toISOString(), repositories }, null, 2)}\n`);
    let [going, staying] = [0, 0];
    for (const { repository, tags } of repositories) {
      const shown = flags.deletions ? tags.filter(({ verdict }) => verdict === "delete") : tags;
      going += tags.filter(({ verdict }) => verdict === "delete").length;
      staying += tags.filter(({ verdict }) => verdict === "keep").length;
      if (shown.length === 0) continue;
      const width = Math.max(...shown.map(({ tag }) => tag.length));
      io.stdout.write(`${repository}\n${shown.map(({ tag, verdict, reason }) => `  ${verdict === "keep" ? "keep  " : "delete"}  ${tag.padEnd(width)}  ${reason}\n`).join("")}`);
    }
    if (repositories.length === 0) io.stdout.write("No rule is for any repository of this registry.\n");
    else io.stdout.write(`${going} of ${going + staying} tags would be deleted.\n`);
  },
});
