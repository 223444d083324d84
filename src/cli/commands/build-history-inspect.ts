import { command } from "../command.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const buildHistoryInspectCommand = command({
  name: "build history inspect",
  summary: "Show what a past build was and did",
  description:
    "Shows what was asked for, how long it took, what went in and came out, every step with its time and whether it was cached, and why the build failed. " +
    "A build is named by its ref or the beginning of it; `^1` is the one before the last, and without a name it is the last.",
  usage: "[OPTIONS] [REF]",
  flags: flagTable({
    format: { kind: "text", value: "TEMPLATE", help: "Write with a Go template, `json`, or `pretty`", default: "pretty" },
    ...jsonWord,
    builder: { kind: "text", help: "", refused: "only builds on this machine are recorded here" },
  }),
  examples: [{ title: "How long each step of the last build took", line: "sampan build history inspect" }],
  positionals: { min: 0, max: 1 },
  async run({ flags, positionals, io }) {
    const [{ findBuild }, { attachmentsOf }, { ABSENT, inspectBuild }, { inspectText }, { formatOne }] = await Promise.all([
      import("../history/find-build.ts"), import("../history/attachments.ts"), import("../history/build-rows.ts"), import("../history/inspect-text.ts"), import("../template/format.ts"),
    ]);
    const now = Date.now();
    const text = await withStore(async (store) => {
      const record = findBuild(store.builds.list(), positionals[0]);
      const steps = store.builds.steps(record.ref);
      const more = { now, attachments: attachmentsOf(record, store) };
      if (flags.format === "pretty") return inspectText(record, steps, more);
      const shown = inspectBuild(record, steps, more);
      return `${flags.format === "json" ? JSON.stringify(shown, null, 2) : formatOne(flags.format, { ...ABSENT, ...shown })}\n`;
    });
    io.stdout.write(text);
  },
});
