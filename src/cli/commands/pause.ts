import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const pauseCommand = command({
  name: "pause",
  summary: "Let containers stand still",
  description: "Stops all processes of each container where they are, by the kernel's freezer, until `sampan unpause`. `stop` and `kill` end one that stands still, too.",
  usage: "CONTAINER [CONTAINER...]",
  flags: flagTable({}),
  positionals: { min: 1, max: Infinity },
  async run({ positionals, io }) {
    const { pauseContainer } = await import("../../container/pause-container.ts");
    return await withStore((store) => forEach(positionals, io, async (text) => {
      await pauseContainer(store, store.containers.find(text));
      io.stdout.write(`${text}\n`);
    }));
  },
});
