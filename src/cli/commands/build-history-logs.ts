import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { progressModes, type ProgressMode } from "../progress/renderer.ts";
import { withStore } from "../with-store.ts";

export const buildHistoryLogsCommand = command({
  name: "build history logs",
  summary: "Show what a past build printed",
  description: "Shows the steps of a build and what they printed, as the build itself did. Of very long logs the ends are kept.",
  usage: "[OPTIONS] [REF]",
  flags: flagTable({
    progress: { kind: "text", value: "MODE", help: "How it is shown", choices: progressModes, default: "plain" },
    builder: { kind: "text", help: "", refused: "only builds on this machine are recorded here" },
  }),
  examples: [{ title: "What the last build printed", line: "sampan build history logs" }],
  positionals: { min: 0, max: 1 },
  async run({ flags, positionals, io }) {
    const [{ findBuild }, { createRenderer }] = await Promise.all([import("../history/find-build.ts"), import("../progress/renderer.ts")]);
    const steps = await withStore(async (store) => store.builds.steps(findBuild(store.builds.list(), positionals[0]).ref));
    const renderer = await createRenderer(flags.progress as ProgressMode, { stream: io.stdout, env: io.env });
    for (const { log, dropped, ...step } of steps) {
      renderer.onEvent({ type: "step", id: step.id, name: step.name, ...(step.started === undefined ? {} : { started: step.started }) });
      if (dropped !== undefined) renderer.onEvent({ type: "log", id: step.id, stream: "stderr", time: log[0]?.time ?? 0, data: Buffer.from(`[${dropped} bytes before this were not kept]\n`) });
      for (const { time, stream, data } of log) renderer.onEvent({ type: "log", id: step.id, stream, time, data: Buffer.from(data, "base64") });
      renderer.onEvent({ type: "step", ...step });
    }
    renderer.close();
  },
});
