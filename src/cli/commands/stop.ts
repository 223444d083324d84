import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const stopFlags = flagTable({
  time: { kind: "text", short: "t", value: "SECONDS", help: "How long to wait before SIGKILL, -1 for as long as it takes" },
  timeout: { kind: "text", value: "SECONDS", help: "The same as --time" },
  signal: { kind: "text", short: "s", value: "SIGNAL", help: "What to send instead of the container's own stop signal" },
});

export const stopCommand = command({
  name: "stop",
  summary: "Stop containers",
  description: "Sends a container its stop signal, and SIGKILL when it has not ended after ten seconds or what --stop-timeout said.",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: stopFlags,
  examples: [{ title: "Without much patience", line: "sampan stop -t 2 web" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ stopContainer }, { stopOptions }] = await Promise.all([import("../containers/stop-container.ts"), import("../containers/stop-options.ts")]);
    const options = stopOptions(flags);
    return await withStore((store) => forEach(positionals, io, async (text) => {
      await stopContainer(store, store.containers.find(text), { ...options, signal });
      io.stdout.write(`${text}\n`);
    }));
  },
});
