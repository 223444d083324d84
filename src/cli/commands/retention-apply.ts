import { fault } from "../../std/fault.ts";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const retentionApplyCommand = command({
  name: "retention apply",
  summary: "Delete the tags that a plan of `retention plan` says",
  description:
    "Deletes exactly the tags that PLAN says (`-` reads it from standard input), each only while it still names the image that it named when that was planned; what is immutable stays. Without PLAN it plans now. " +
    "Deleted tags can be restored for the time of `retention.trash`; after that the collector removes their images.",
  usage: "--config FILE [OPTIONS] [PLAN|-]",
  flags: flagTable({ ...registryFlags, quiet: { kind: "switch", short: "q", help: "Print nothing" } }),
  examples: [{ title: "Every night", line: "sampan retention apply --root /srv/registry --config registry.yaml" }],
  positionals: { min: 0, max: 1 },
  async run({ flags, positionals, io }) {
    if (flags.config === undefined) throw fault("USAGE", { problem: "name the registry's configuration with --config FILE: it says how long deleted tags can be restored" });
    const [{ openRegistryRecords }, { applyPlan, planRepositories, RETENTION }, { parseRetentionPlan }, { immutableTags }] = await Promise.all([
      import("../registry/open-registry-records.ts"), import("../../server/keep/retention.ts"), import("../../server/keep/retention-plan-file.ts"),
      import("../../server/terms/immutable-tags.ts"),
    ]);
    const [file] = positionals;
    const plan = file === undefined ? undefined : parseRetentionPlan(await readPlan(file, io.stdin), file === "-" ? "standard input" : file);
    const { metadata, config } = await openRegistryRecords(flags, io);
    await using _records = metadata;
    const immutable = immutableTags(config.immutable);
    const count = { deleted: 0, "changed meanwhile": 0, immutable: 0 };
    for await (const each of plan?.repositories ?? planRepositories(metadata, config, Date.now())) {
      await applyPlan(metadata, each, {
        trash: config.retention.trash,
        immutable,
        actor: RETENTION,
        onTag(repository, { tag, reason }, outcome) {
          count[outcome] += 1;
          const why = { deleted: reason, "changed meanwhile": "it has changed since that was planned", immutable: "it is immutable" };
          if (!flags.quiet) io.stdout.write(`${outcome === "deleted" ? "deleted" : "left"} ${repository}:${tag}: ${why[outcome]}\n`);
        },
      });
    }
    const others = [["changed meanwhile", count["changed meanwhile"]], ["immutable", count.immutable]].filter(([, number]) => number !== 0);
    if (!flags.quiet) io.stdout.write(`${count.deleted} ${count.deleted === 1 ? "tag" : "tags"} deleted${others.map(([why, number]) => `, ${number} left (${why})`).join("")}.\n`);
  },
});

async function readPlan(file: string, stdin: AsyncIterable<unknown>): Promise<string> {
  if (file !== "-") {
    const { readFile } = await import("node:fs/promises");
    try {
      return await readFile(file, "utf8");
    } catch (cause) {
      throw fault("RETENTION_PLAN_INVALID", { file, problem: (cause as Error).message }, { cause });
    }
  }
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("utf8");
}
