import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const builderPruneCommand = command({
  name: "builder prune",
  summary: "Remove build cache",
  description:
    "Removes what only the build cache needs, the least recently used first: layers of steps that are in no image, folders of RUN --mount=type=cache, and blobs that can be packed again. " +
    "What running builds use stays. Without a limit all of it goes; with --all also the knowledge that steps of " +
    "images here need not run again, which frees no room.\n\n" +
    "Sizes: 10GB, 512MiB. Filters: until=TIME (not used since a date, or for a duration: 24h), type=exec.cachemount (folders of RUN --mount=type=cache), type=regular (all the rest).",
  usage: "[OPTIONS]",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Remove cache of steps whose layers images share, too" },
    filter: { kind: "list", value: "KEY=VALUE", help: "Remove only what was not used since (until=24h), or is of a type (type=exec.cachemount, type=regular); may be given several times" },
    force: { kind: "switch", short: "f", help: "Do not ask" },
    "max-used-space": { kind: "text", value: "SIZE", help: "Remove until the cache takes no more than this" },
    "reserved-space": { kind: "text", value: "SIZE", help: "So much of the cache stays in any case" },
    "min-free-space": { kind: "text", value: "SIZE", help: "Remove until so much of the disk is free" },
    "keep-storage": { kind: "text", value: "SIZE", help: "The old name of --reserved-space" },
    builder: { kind: "text", help: "", refused: "there is one builder: this machine" },
    verbose: { kind: "switch", help: "", refused: "`sampan system df -v` lists the cache" },
  }),
  examples: [
    { title: "Keep the 5 GB that were used last", line: "sampan builder prune -f --reserved-space 5GB" },
    { title: "The folders of RUN --mount=type=cache", line: "sampan builder prune -f --filter type=exec.cachemount" },
    { title: "What no build has used for a week", line: "sampan builder prune -f --filter until=168h" },
  ],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ pruneFilters }, { confirm }, { humanSize }, { sizeFlag }, { cacheChoice }] = await Promise.all([
      import("../prune/prune-filters.ts"), import("../confirm.ts"), import("../../std/human-size.ts"), import("../prune/keep-bytes.ts"), import("../prune/prune-cache.ts"),
    ]);
    const { until, types } = pruneFilters(flags.filter, ["until", "unused-for", "type"], Date.now());
    const limits = {
      maxUsed: sizeFlag(flags["max-used-space"], "--max-used-space"),
      reserved: sizeFlag(flags["reserved-space"], "--reserved-space") ?? sizeFlag(flags["keep-storage"], "--keep-storage"),
      minFree: sizeFlag(flags["min-free-space"], "--min-free-space"),
    };
    const what = flags.all ? "all build cache" : "all dangling build cache";
    if (!flags.force) await confirm(`WARNING! This will remove ${what}. Are you sure you want to continue?`, "builder prune", io);
    await withStore(async (store) => {
      const choice = cacheChoice({ root: store.root, all: flags.all, until, types, limits });
      const removed = await store.collect({ evict: (contents) => ({ ...choice.choose(contents), images: [] }) });
      const lines = choice.lines();
      if (lines.length > 0) io.stdout.write(`Deleted build cache objects:\n${lines.join("\n")}\n\n`);
      io.stdout.write(`Total reclaimed space: ${humanSize(removed.blobBytes + removed.snapshotBytes + removed.mountBytes)}\n`);
    });
  },
});
