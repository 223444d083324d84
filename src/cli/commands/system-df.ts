import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const systemDfCommand = command({
  name: "system df",
  summary: "Show what the store takes of the disk, and what can be freed",
  description:
    "Shows images, containers and build cache in docker's columns, then the cap of the store (store.max-size), what a prune would free, and " +
    "why the rest stays. Layers that images or cache share count once.\n\n" +
    "Fields of --format: .Type .TotalCount .Active .Size .Reclaimable; with -v .Images, .Containers, .Volumes (always empty) and .BuildCache, which are lists.",
  usage: "[OPTIONS]",
  flags: flagTable({
    verbose: { kind: "switch", short: "v", help: "List every image, container and cache record" },
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template, `table TEMPLATE`, or `json`; without the lines below the table" },
    ...jsonWord,
  }),
  examples: [{ title: "Room that would be free", line: "sampan system df --format '{{.Type}} {{.Reclaimable}}'" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [rows, { formatOne, formatRows }, { capLines }, { maxSize }, { containerUsage }, { containerColumns, containerRow }, { setAside }, { setAsideBytes }] = await Promise.all([
      import("../system/usage-rows.ts"), import("../template/format.ts"), import("../system/cap-lines.ts"), import("../../store/max-size.ts"),
      import("../system/container-usage.ts"), import("../containers/container-rows.ts"), import("../../store/check/set-aside.ts"), import("../system/set-aside-bytes.ts"),
    ]);
    const now = Date.now();
    const { usage, images, containers, Containers, partial, aside, root } = await withStore(async (store) => ({
      usage: await store.diskUsage(),
      images: store.images.list(),
      containers: containerUsage(store),
      Containers: flags.verbose ? store.containers.list().map((record) => containerRow(record, store, { truncate: true, size: "own", now })) : [],
      partial: store.partials.bytes(),
      aside: setAside(store.root),
      root: store.root,
    }));
    const { format } = flags;
    if (flags.verbose) {
      const Images = rows.imageUsageRows(images, usage, { containers: containers.byImage, now });
      const BuildCache = rows.cacheUsageRows(usage, now);
      if (format !== undefined) return void io.stdout.write(formatOne(format, { Images, Containers, Volumes: [], BuildCache }));
      const { imageHeaders } = await import("../images/image-rows.ts");
      io.stdout.write(`Images space usage:\n\n${formatRows(Images, { defaultTable: rows.imageUsageTable, headers: imageHeaders })}\n`);
      io.stdout.write(`Containers space usage:\n\n${formatRows(Containers, { defaultTable: rows.containerUsageTable, headers: containerColumns })}\n`);
      io.stdout.write(`Build cache usage: ${rows.usageRow("", usage.cache, { percent: false })["Size"]}\n\n`);
      io.stdout.write(`${formatRows(BuildCache, { defaultTable: rows.cacheTable, headers: rows.cacheHeaders })}\n`);
    } else {
      const table = [
        rows.usageRow("Images", usage.images, { percent: true }), rows.usageRow("Containers", containers, { percent: true }),
        // There are none; docker's table has the line.
        rows.usageRow("Local Volumes", { count: 0, active: 0, size: 0, reclaimable: 0 }, { percent: true }),
        rows.usageRow("Build Cache", usage.cache, { percent: false }),
      ];
      io.stdout.write(formatRows(table, { format, defaultTable: rows.usageTable, headers: rows.usageHeaders }));
      if (format !== undefined) return;
      io.stdout.write("\n");
    }
    io.stdout.write(`${capLines(usage, { root, cap: await maxSize(root, io.env), partial, aside: { paths: aside, bytes: setAsideBytes(aside) }, containers }).join("\n")}\n`);
  },
});
