import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const imagePruneCommand = command({
  name: "image prune",
  summary: "Remove images that nobody needs",
  description:
    "Removes images without a name, or with --all every image that no container, no mount and no running process uses. What the build " +
    "cache still needs of them stays: see `sampan builder prune`.\n\n" +
    "Filters: until=TIME (made before a date, or a duration ago: 24h), label=NAME[=VALUE], label!=NAME[=VALUE].",
  usage: "[OPTIONS]",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Remove images with a name as well" },
    filter: { kind: "list", value: "KEY=VALUE", help: "Remove only images that pass; may be given several times" },
    force: { kind: "switch", short: "f", help: "Do not ask" },
  }),
  examples: [{ title: "Images that were made more than ten days ago, but not those with the label keep", line: "sampan image prune -af --filter until=240h --filter label!=keep" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ imageChoice }, { pruneFilters }, { confirm }, { humanSize }] = await Promise.all([
      import("../prune/prune-images.ts"), import("../prune/prune-filters.ts"), import("../confirm.ts"), import("../../std/human-size.ts"),
    ]);
    const filters = pruneFilters(flags.filter, ["until", "label", "label!"], Date.now());
    const what = flags.all ? "all images without at least one container associated to them" : "all dangling images";
    if (!flags.force) await confirm(`WARNING! This will remove ${what}.\nAre you sure you want to continue?`, "image prune", io);
    await withStore(async (store) => {
      const choice = imageChoice(store.images.list(), { all: flags.all, filters });
      const removed = await store.collect({ evict: (contents) => ({ images: choice.choose(contents), records: [], blobs: [] }) });
      const lines = choice.lines();
      if (lines.length > 0) io.stdout.write(`Deleted Images:\n${lines.join("\n")}\n\n`);
      io.stdout.write(`Total reclaimed space: ${humanSize(removed.blobBytes + removed.snapshotBytes)}\n`);
    });
  },
});
