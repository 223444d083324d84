import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const systemPruneCommand = command({
  name: "system prune",
  summary: "Remove everything that nobody needs",
  description: "Removes containers that have ended, images without a name, what interrupted pulls left and build cache, with --all images with a name too. What running processes use stays.",
  usage: "[OPTIONS]",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Remove images with a name as well, and all build cache" },
    lost: { kind: "switch", help: "Remove what repairs of the store have set aside as well (the folder lost, old databases)" },
    filter: { kind: "list", value: "KEY=VALUE", help: "Remove only images and containers that pass: until=TIME, label=NAME[=VALUE], label!=NAME[=VALUE]" },
    force: { kind: "switch", short: "f", help: "Do not ask" },
    volumes: { kind: "switch", help: "", refused: "there are no volumes" },
  }),
  examples: [{ title: "Everything that is not in use", line: "sampan system prune -af" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ imageChoice }, { pruneContainers }, { pruneFilters }, { cacheChoice }, { confirm }, { humanSize }] = await Promise.all([
      import("../prune/prune-images.ts"), import("../containers/prune-containers.ts"), import("../prune/prune-filters.ts"), import("../prune/prune-cache.ts"), import("../confirm.ts"), import("../../std/human-size.ts"),
    ]);
    const filters = pruneFilters(flags.filter, ["until", "label", "label!"], Date.now());
    const what = flags.all
      ? "  - all stopped containers\n  - all images without at least one container associated to them\n  - all build cache"
      : "  - all stopped containers\n  - all dangling images\n  - unused build cache";
    const lost = flags.lost ? "\n  - all that repairs of the store have set aside" : "";
    if (!flags.force) await confirm(`WARNING! This will remove:\n${what}${lost}\n\nAre you sure you want to continue?`, "system prune", io);
    await withStore(async (store) => {
      const containers = await pruneContainers(store, filters);
      const partial = store.partials.drop();
      const aside = flags.lost ? await removeSetAside(store.root) : 0;
      const images = imageChoice(store.images.list(), { all: flags.all, filters });
      const cache = cacheChoice({ root: store.root, all: flags.all, until: filters.until, limits: {} });
      const removed = await store.collect({
        evict: (contents) => {
          const gone = new Set(images.choose(contents));
          return { ...cache.choose({ ...contents, images: contents.images.filter(({ id }) => !gone.has(id)) }), images: [...gone] };
        },
      });
      for (const [title, lines] of [["Deleted Containers:", containers.removed], ["Deleted Images:", images.lines()], ["Deleted build cache objects:", cache.lines()]] as const) {
        if (lines.length > 0) io.stdout.write(`${title}\n${lines.join("\n")}\n\n`);
      }
      io.stdout.write(`Total reclaimed space: ${humanSize(containers.bytes + partial + aside + removed.blobBytes + removed.snapshotBytes + removed.mountBytes)}\n`);
    });
  },
});

async function removeSetAside(root: string): Promise<number> {
  const [{ setAside }, { setAsideBytes }, { removeTree }] = await Promise.all([
    import("../../store/check/set-aside.ts"), import("../system/set-aside-bytes.ts"), import("../../store/remove-tree.ts"),
  ]);
  const paths = setAside(root);
  const bytes = setAsideBytes(paths);
  for (const path of paths) await removeTree(path);
  return bytes;
}
