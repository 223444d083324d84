import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const historyCommand = command({
  name: "history",
  summary: "Show the history of an image",
  description:
    "Shows how the image came about, the newest step first, with the size that each step's layer has.\n\n" +
    "Fields of --format: .ID .CreatedSince .CreatedAt .CreatedBy .Size .Comment.",
  usage: "[OPTIONS] IMAGE",
  flags: flagTable({
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template, `table TEMPLATE`, or `json`" },
    ...jsonWord,
    human: { kind: "switch", short: "H", help: "Sizes and times for people; --human=false gives bytes and dates" },
    "no-trunc": { kind: "switch", help: "Show whole ids and commands" },
    quiet: { kind: "switch", short: "q", help: "Show the ids only" },
    platform: { kind: "text", value: "OS/ARCH", help: "Platform of an index; by default the machine's own" },
  }),
  examples: [{ title: "Every command as it was written", line: "sampan history --no-trunc --format '{{.CreatedBy}}' app:1.0" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, given, positionals, io }) {
    const [{ historyRows, historyHeaders, layerSizes }, { formatRows }, { parsePlatform }] = await Promise.all([
      import("../images/history-rows.ts"), import("../template/format.ts"), import("../../oci/platform.ts"),
    ]);
    const human = !given.has("human") || flags.human;
    const rows = await withStore(async (store) => {
      const image = store.images.find(positionals[0]!, flags.platform === undefined ? undefined : parsePlatform(flags.platform));
      return historyRows(image, layerSizes(store, image), { truncate: !flags["no-trunc"], human, now: Date.now() });
    });
    io.stdout.write(flags.quiet
      ? rows.map(({ ID }) => `${ID}\n`).join("")
      : formatRows(rows, {
          format: flags.format,
          defaultTable: human
            ? "{{.ID}}\\t{{.CreatedSince}}\\t{{.CreatedBy}}\\t{{.Size}}\\t{{.Comment}}"
            : "{{.ID}}\\t{{.CreatedAt}}\\t{{.CreatedBy}}\\t{{.Size}}\\t{{.Comment}}",
          headers: historyHeaders,
        }));
  },
});
