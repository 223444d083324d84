import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const logsCommand = command({
  name: "logs",
  summary: "Show what a container has said",
  description: "Writes what the container wrote to its standard output and standard error, each to the stream of the same name.",
  usage: "[OPTIONS] CONTAINER",
  flags: flagTable({
    follow: { kind: "switch", short: "f", help: "Go on as long as the container runs" },
    tail: { kind: "text", short: "n", value: "COUNT", help: "Begin with that many lines from the end", default: "all" },
    since: { kind: "text", value: "TIME", help: "Leave out what came before: a date, seconds since 1970, or a duration back from now (10m)" },
    until: { kind: "text", value: "TIME", help: "Leave out what came after" },
    timestamps: { kind: "switch", short: "t", help: "Show when each line came" },
    details: { kind: "switch", help: "", refused: "a line has no other details" },
  }),
  examples: [{ title: "The last lines, and what comes", line: "sampan logs -f --tail 20 web" }],
  positionals: { min: 1, max: 1 },
  async run({ flags, positionals, io, signal }) {
    const { showLogs } = await import("../containers/show-logs.ts");
    await withStore((store) => showLogs(store, store.containers.find(positionals[0]!), { ...flags, io, signal }));
  },
});
