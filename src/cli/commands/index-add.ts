import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const indexAddCommand = command({
  name: "index add",
  summary: "Add images to an image for several platforms",
  description: "An image takes the place of the one for the same platform, and the attestations of that go. Where the name is an image for one platform, it becomes an index.",
  usage: "[OPTIONS] NAME[:TAG] SOURCE [SOURCE...]",
  flags: flagTable({
    annotation: { kind: "list", value: "NAME=VALUE", help: "Annotation of the index" },
    "dry-run": { kind: "switch", help: "Print the index and write nothing" },
    ...registryFlags,
  }),
  positionals: { min: 2, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ writeIndex }, { readIndex }, { addEntries }, { parseTagged }, { labels }] = await Promise.all([
      import("../remote/write-index.ts"), import("../remote/read-index.ts"), import("../../carry/indexes/edit-index.ts"), import("../remote/parse-repository.ts"), import("../flags/key-values.ts"),
    ]);
    const [name, ...sources] = positionals;
    const target = parseTagged(name!);
    await writeIndex(target, sources, {
      make: async (entries, client) => addEntries(await readIndex(client, target, signal), entries, labels(flags.annotation)), dryRun: flags["dry-run"],
    }, { flags, io, signal });
  },
});
