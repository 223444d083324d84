import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const containerPruneCommand = command({
  name: "container prune",
  summary: "Remove all containers that do not run",
  description: "Filters: label=NAME[=VALUE], label!=NAME[=VALUE], until=TIME, of when they were created.",
  usage: "[OPTIONS]",
  flags: flagTable({
    force: { kind: "switch", short: "f", help: "Do not ask" },
    filter: { kind: "list", value: "KEY=VALUE", help: "Remove only containers that pass; may be given several times" },
  }),
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ pruneContainers }, { pruneFilters }, { confirm }, { humanSize }] = await Promise.all([
      import("../containers/prune-containers.ts"), import("../prune/prune-filters.ts"), import("../confirm.ts"), import("../../std/human-size.ts"),
    ]);
    const filters = pruneFilters(flags.filter, ["until", "label", "label!"], Date.now());
    if (!flags.force) await confirm("WARNING! This will remove all stopped containers.\nAre you sure you want to continue?", "container prune", io);
    const { removed, bytes } = await withStore((store) => pruneContainers(store, filters));
    if (removed.length > 0) io.stdout.write(`Deleted Containers:\n${removed.join("\n")}\n\n`);
    io.stdout.write(`Total reclaimed space: ${humanSize(bytes)}\n`);
  },
});
