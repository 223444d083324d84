import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const indexRemoveCommand = command({
  name: "index remove",
  summary: "Take platforms out of an image for several",
  description: "Entries are named by platform or digest; their attestations go with them. The images themselves stay in the repository.",
  usage: "[OPTIONS] NAME[:TAG] PLATFORM|DIGEST [...]",
  flags: flagTable({
    "dry-run": { kind: "switch", help: "Print the index and write nothing" },
    ...registryFlags,
  }),
  examples: [{ title: "No 32-bit images", line: "sampan index remove registry.example.com/team/app:1.0 linux/386 linux/arm/v7" }],
  positionals: { min: 2, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ writeIndex }, { readIndex }, { removeEntries }, { parseTagged }] = await Promise.all([
      import("../remote/write-index.ts"), import("../remote/read-index.ts"), import("../../carry/indexes/edit-index.ts"), import("../remote/parse-repository.ts"),
    ]);
    const [name, ...words] = positionals;
    const target = parseTagged(name!);
    await writeIndex(target, [], {
      make: async (_, client) => removeEntries(name!, await readIndex(client, target, signal), words), dryRun: flags["dry-run"],
    }, { flags, io, signal });
  },
});
