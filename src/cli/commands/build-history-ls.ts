import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const buildHistoryLsCommand = command({
  name: "build history ls",
  summary: "List past builds",
  description:
    "Lists the builds that were made on this machine and those that run, the newest first. The last hundred of a month are kept. What was sent to a " +
    "builder elsewhere is recorded there.\n\n" +
    "Filters: status=running|completed|error|canceled, ref=TEXT, startedAt>1h, completedAt<2024-05-01, duration>=30s.\n\n" +
    "Fields of --format: .Ref .FullRef .Name .Status .CreatedAt .Duration.",
  usage: "[OPTIONS]",
  flags: flagTable({
    filter: { kind: "list", value: "KEY=VALUE", help: "Show only builds that pass; may be given several times" },
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template, `table TEMPLATE`, or `json`" },
    ...jsonWord,
    "no-trunc": { kind: "switch", help: "Show whole names" },
    local: { kind: "switch", help: "", refused: "--filter and --format tell builds apart" },
    builder: { kind: "text", help: "", refused: "only builds on this machine are recorded here" },
  }),
  examples: [{ title: "What failed today", line: "sampan build history ls --filter status=error --filter 'startedAt>24h'" }],
  positionals: { min: 0, max: 0 },
  async run({ flags, io }) {
    const [{ filterBuilds }, { buildHeaders, buildJson, buildRow }, { formatRows }] = await Promise.all([
      import("../history/filter-builds.ts"), import("../history/build-rows.ts"), import("../template/format.ts"),
    ]);
    const now = Date.now();
    const records = await withStore(async (store) => filterBuilds(store.builds.list(), flags.filter, now));
    const isTable = flags.format === undefined || flags.format.startsWith("table");
    io.stdout.write(flags.format === "json"
      ? records.map(buildJson).join("")
      : formatRows(records.map((record) => buildRow(record, { now, truncate: isTable && !flags["no-trunc"] })), {
        format: flags.format, defaultTable: "{{.Ref}}\\t{{.Name}}\\t{{.Status}}\\t{{.CreatedAt}}\\t{{.Duration}}", headers: buildHeaders,
      }));
  },
});
