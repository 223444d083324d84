import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const imagesCommand = command({
  name: "images",
  summary: "List images",
  description:
    "Lists the images of the store, the newest first, a line for each name. REPOSITORY[:TAG] and the filter `reference` " +
    "may contain `*`, `?` and `[a-z]`.\n\n" +
    "Filters: dangling=true|false, label=NAME[=VALUE], reference=PATTERN, before=IMAGE, since=IMAGE, until=TIME.\n\n" +
    "Fields of --format: .ID .Repository .Tag .Digest .CreatedSince .CreatedAt .Size.",
  usage: "[OPTIONS] [REPOSITORY[:TAG]]",
  flags: flagTable({
    all: { kind: "switch", short: "a", help: "Accepted for Docker's sake: there are no intermediate images" },
    digests: { kind: "switch", help: "Show digests" },
    filter: { kind: "list", short: "f", value: "KEY=VALUE", help: "Show only images that pass; may be given several times" },
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template, `table TEMPLATE`, or `json`" },
    ...jsonWord,
    "no-trunc": { kind: "switch", help: "Show whole ids" },
    quiet: { kind: "switch", short: "q", help: "Show the ids only" },
    tree: { kind: "switch", help: "Show the platforms of each index below it" },
  }),
  examples: [
    { title: "Names and sizes", line: "sampan images --format '{{.Repository}}:{{.Tag}} {{.Size}}'" },
    { title: "Remove what has no name", line: "sampan rmi $(sampan images -q -f dangling=true)" },
  ],
  positionals: { min: 0, max: 1 },
  async run({ flags, positionals, io }) {
    const [{ filterImages }, { imageRows, imageHeaders }, { formatRows }] = await Promise.all([
      import("../images/filter-images.ts"), import("../images/image-rows.ts"), import("../template/format.ts"),
    ]);
    const now = Date.now();
    if (flags.tree && (flags.quiet || flags.digests || flags.format !== undefined)) {
      const { fault } = await import("../../std/fault.ts");
      throw fault("USAGE", { problem: "--tree shows its own columns: leave --quiet, --digests and --format away" });
    }
    // Docker takes an empty name, of a variable without a value, for none.
    const filters = [...flags.filter, ...positionals.filter((pattern) => pattern !== "").map((pattern) => `reference=${pattern}`)];
    if (flags.tree) {
      const { imageTree } = await import("../images/image-tree.ts");
      return void io.stdout.write(await withStore(async (store) => imageTree(store, filterImages(store.images.list(), filters, store.images, now), { truncate: !flags["no-trunc"] })));
    }
    const images = await withStore(async (store) => filterImages(store.images.list(), filters, store.images, now));
    const digests = flags.digests || (flags.format?.includes(".Digest") ?? false);
    const rows = images.flatMap((image) => imageRows(image, { digests, truncate: !flags["no-trunc"], now }));
    const withDigest = flags.digests ? "{{.Digest}}\\t" : "";
    const defaultTable = `{{.Repository}}\\t{{.Tag}}\\t${withDigest}{{.ID}}\\t{{if .CreatedSince}}{{.CreatedSince}}{{else}}N/A{{end}}\\t{{.Size}}`;
    io.stdout.write(flags.quiet && flags.format === undefined
      ? rows.map(({ ID }) => `${ID}\n`).join("")
      : formatRows(rows, { format: flags.format, defaultTable, headers: imageHeaders }));
  },
});
