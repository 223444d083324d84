import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable, jsonWord } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const containerInspectCommand = command({
  name: "container inspect",
  summary: "Show all that is known about containers",
  description: "Prints a JSON list with the members of `docker container inspect` that mean something here, or each container by a Go template.",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: flagTable({
    format: { kind: "text", short: "f", value: "TEMPLATE", help: "Write with a Go template, or `json`" },
    ...jsonWord,
    size: { kind: "switch", short: "s", help: "Show how much each has written" },
  }),
  examples: [{ title: "How it ended", line: "sampan container inspect -f '{{.State.ExitCode}} {{.State.Error}}' web" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io }) {
    const [{ inspectContainer }, { toJson }, { formatOne }] = await Promise.all([
      import("../containers/inspect-container.ts"), import("../template/show.ts"), import("../template/format.ts"),
    ]);
    const { format, size } = flags;
    const views: unknown[] = [];
    const status = await withStore((store) => forEach(positionals, io, (text) => {
      const view = inspectContainer(store.containers.find(text), store, { size });
      if (format === undefined) views.push(view);
      else io.stdout.write(`${formatOne(format, view)}\n`);
    }));
    if (format === undefined) io.stdout.write(`${toJson(views, 4)}\n`);
    return status;
  },
});
