import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const unpauseCommand = command({
  name: "unpause",
  summary: "Let containers that stand still go on",
  usage: "CONTAINER [CONTAINER...]",
  flags: flagTable({}),
  positionals: { min: 1, max: Infinity },
  async run({ positionals, io }) {
    const { unpauseContainer } = await import("../../container/pause-container.ts");
    return await withStore((store) => forEach(positionals, io, (text) => {
      unpauseContainer(store, store.containers.find(text));
      io.stdout.write(`${text}\n`);
    }));
  },
});
