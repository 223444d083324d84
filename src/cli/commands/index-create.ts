import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { registryFlags } from "../flags/registry-flags.ts";

export const indexCreateCommand = command({
  name: "index create",
  summary: "Make an image for several platforms out of images for one",
  description:
    "Platforms are read from the images' configs; of a source that is an index itself all entries are taken. Sources may be in " +
    "any registry, layout, archive or the store: what the repository of the index lacks is copied there first.",
  usage: "[OPTIONS] NAME[:TAG] SOURCE [SOURCE...]",
  flags: flagTable({
    annotation: { kind: "list", value: "NAME=VALUE", help: "Annotation of the index" },
    "dry-run": { kind: "switch", help: "Print the index and write nothing" },
    ...registryFlags,
  }),
  examples: [{ title: "After builds on two machines", line: "sampan index create registry.example.com/team/app:1.0 registry.example.com/team/app:1.0-amd64 registry.example.com/team/app:1.0-arm64" }],
  positionals: { min: 2, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ writeIndex }, { makeIndex }, { parseTagged }, { labels }] = await Promise.all([
      import("../remote/write-index.ts"), import("../../carry/indexes/edit-index.ts"), import("../remote/parse-repository.ts"), import("../flags/key-values.ts"),
    ]);
    const [name, ...sources] = positionals;
    const make = async (entries: Parameters<typeof makeIndex>[1]): Promise<ReturnType<typeof makeIndex>> => makeIndex(name!, entries, labels(flags.annotation));
    await writeIndex(parseTagged(name!), sources, { make, dryRun: flags["dry-run"] }, { flags, io, signal });
  },
});
