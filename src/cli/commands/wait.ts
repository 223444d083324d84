import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const waitCommand = command({
  name: "wait",
  summary: "Wait until containers have ended and print their exit status",
  usage: "CONTAINER [CONTAINER...]",
  flags: flagTable({}),
  positionals: { min: 1, max: Infinity },
  async run({ positionals, io, signal }) {
    const { waitForEnd } = await import("../containers/stop-container.ts");
    return await withStore((store) => forEach(positionals, io, async (text) => {
      const record = store.containers.find(text);
      const ended = await waitForEnd(store, record.id, { signal });
      io.stdout.write(`${ended?.exitCode ?? 0}\n`);
    }));
  },
});
