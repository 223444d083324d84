import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const buildHistoryRmCommand = command({
  name: "build history rm",
  summary: "Forget past builds",
  description: "Removes records of builds. Images and the cache stay.",
  usage: "[OPTIONS] [REF...]",
  flags: flagTable({
    all: { kind: "switch", help: "Remove the records of all builds that are over" },
    builder: { kind: "text", help: "", refused: "only builds on this machine are recorded here" },
  }),
  examples: [{ title: "Forget all", line: "sampan build history rm --all" }],
  positionals: { min: 0, max: Infinity },
  async run({ flags, positionals }) {
    const [{ findBuild }, { fault }] = await Promise.all([import("../history/find-build.ts"), import("../../std/fault.ts")]);
    if (flags.all === positionals.length > 0) throw fault("USAGE", { problem: "rm requires either --all or at least one ref" });
    await withStore(async (store) => {
      const records = store.builds.list();
      const chosen = flags.all ? records.filter(({ status }) => status !== "running") : positionals.map((word) => findBuild(records, word));
      for (const { ref } of chosen) store.builds.remove(ref);
    });
  },
});
