import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const startCommand = command({
  name: "start",
  summary: "Start containers that do not run",
  description:
    "Runs a container's command again, upon what it has written so far, in the background. With -a it runs in the foreground, " +
    "and the exit status is that of the command.",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: flagTable({
    attach: { kind: "switch", short: "a", help: "Run one container in the foreground" },
    interactive: { kind: "switch", short: "i", help: "Let its standard input be this command's, where it was made with -i" },
    "detach-keys": { kind: "text", help: "", refused: "" },
    checkpoint: { kind: "text", help: "", refused: "" },
  }),
  positionals: { min: 1, max: Infinity },
  usageStatus: 125,
  async run({ flags, positionals, io, signal }) {
    const [{ startContainer }, { fault }] = await Promise.all([import("../containers/start-container.ts"), import("../../std/fault.ts")]);
    const foreground = flags.attach || flags.interactive;
    if (foreground && positionals.length > 1) throw fault("USAGE", { problem: "only one container can be started with -a or -i" });
    return await withStore(async (store) => {
      if (foreground) return await startContainer(store, positionals[0]!, { io, signal, foreground: { stdin: flags.interactive, output: flags.attach } });
      return await forEach(positionals, io, async (text) => {
        await startContainer(store, text, { io, signal });
        io.stdout.write(`${text}\n`);
      });
    });
  },
});
