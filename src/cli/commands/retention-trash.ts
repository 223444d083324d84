import { command } from "../command.ts";
import { flagTable, formatWord } from "../flags/flag.ts";
import { registryFlags } from "../registry/registry-flags.ts";

export const retentionTrashCommand = command({
  name: "retention trash",
  summary: "List the deleted tags of a registry that can be restored",
  usage: "[OPTIONS] [REPOSITORY]",
  flags: flagTable({ ...registryFlags, json: { kind: "switch", help: "Write JSON" }, ...formatWord }),
  examples: [{ title: "What was deleted, and until when it can come back", line: "sampan retention trash --root /srv/registry team/app" }],
  positionals: { min: 0, max: 1 },
  async run({ flags, positionals, io }) {
    const { openRegistryRecords } = await import("../registry/open-registry-records.ts");
    const { metadata } = await openRegistryRecords(flags, io);
    await using _records = metadata;
    const tags = await metadata.discarded(positionals[0]);
    if (flags.json) return void io.stdout.write(`${JSON.stringify(tags, null, 2)}\n`);
    if (tags.length === 0) return void io.stdout.write("The trash is empty.\n");
    for (const { repository, tag, digest, discardedAt, expiresAt, by, reason } of tags) {
      io.stdout.write(`${repository}:${tag}  ${digest.slice(0, 19)}  deleted ${new Date(discardedAt).toISOString()} by ${by ?? "somebody without a name"}, until ${new Date(expiresAt).toISOString()}: ${reason}\n`);
    }
  },
});
