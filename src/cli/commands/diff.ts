import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const diffCommand = command({
  name: "diff",
  summary: "List what a container has changed of its image",
  description: "A line for each path: A for what was added, C for what was changed, D for what was deleted.",
  usage: "CONTAINER",
  flags: flagTable({}),
  positionals: { min: 1, max: 1 },
  async run({ positionals, io }) {
    const { changedPaths } = await import("../containers/changed-paths.ts");
    const lines = await withStore(async (store) => changedPaths(store, store.containers.find(positionals[0]!)));
    io.stdout.write(lines.map((line) => `${line}\n`).join(""));
  },
});
