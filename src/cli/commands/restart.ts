import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { withStore } from "../with-store.ts";
import { stopFlags } from "./stop.ts";

export const restartCommand = command({
  name: "restart",
  summary: "Stop containers and start them again",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: stopFlags,
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ stopContainer }, { stopOptions }, { startContainer }] = await Promise.all([
      import("../containers/stop-container.ts"), import("../containers/stop-options.ts"), import("../containers/start-container.ts"),
    ]);
    const options = stopOptions(flags);
    return await withStore((store) => forEach(positionals, io, async (text) => {
      await stopContainer(store, store.containers.find(text), { ...options, signal });
      await startContainer(store, text, { io, signal });
      io.stdout.write(`${text}\n`);
    }));
  },
});
