import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const registryUsageCommand = command({
  name: "registry usage",
  summary: "Show what the namespaces of a registry use, and their quotas",
  description:
    "Shows the blobs' bytes and the tags of each namespace, which is what the names of repositories begin with, and of each quota of the configuration with " +
    "its bounds. A blob that several repositories have counts once in each line. It works beside the running server.",
  usage: "[OPTIONS]",
  flags: flagTable({ ...registryFlags, json: { kind: "switch", help: "Write JSON, with sizes in bytes" }, ...formatWord }),
  examples: [{ title: "Who uses the disk", line: "sampan registry usage --root /srv/registry --config /etc/sampan/registry.yaml" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ openRegistryRecords }, { readUsage }, { humanSize }] = await Promise.all([
      import("../registry/open-registry-records.ts"), import("../../server/keep/read-usage.ts"), import("../../std/human-size.ts"),
    ]);
    const { metadata, config } = await openRegistryRecords(flags, io);
    await using _records = metadata;
    const lines = await readUsage(metadata, config.quota);
    if (flags.json) return void io.stdout.write(`${JSON.stringify(lines, undefined, 2)}\n`);
    const rows = [
      ["REPOSITORIES", "SIZE", "SIZE QUOTA", "TAGS", "TAG QUOTA"],
      ...lines.map(({ repositories, bytes, tags, quota }) => [repositories, humanSize(bytes), quota?.bytes === undefined ? "" : humanSize(quota.bytes), String(tags), quota?.tags === undefined ? "" : String(quota.tags)]),
    ];
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    for (const row of rows) io.stdout.write(`${row.map((cell, column) => cell.padEnd(widths[column]!)).join("   ").trimEnd()}\n`);
  },
});
