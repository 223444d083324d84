import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const killCommand = command({
  name: "kill",
  summary: "Send containers a signal",
  description: "Sends SIGKILL, or the signal that is named, to the first process of each container.",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: flagTable({ signal: { kind: "text", short: "s", value: "SIGNAL", help: "Name or number of the signal", default: "SIGKILL" } }),
  examples: [{ title: "Let a server read its configuration again", line: "sampan kill -s HUP web" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ parseSignal }, { sendSignal }, { killContainer }, { fault }] = await Promise.all([
      import("../flags/parse-signal.ts"), import("../../container/control.ts"), import("../containers/stop-container.ts"), import("../../std/fault.ts"),
    ]);
    const number = parseSignal(flags.signal, "-s, --signal");
    return await withStore((store) => forEach(positionals, io, async (text) => {
      const record = store.containers.find(text);
      if (record.state !== "running") throw fault("CONTAINER_NOT_RUNNING", { container: text });
      if (number === 9) await killContainer(store, record, { signal });
      else if (!sendSignal(store.containers.folder(record.id), number)) throw fault("CONTAINER_NOT_RUNNING", { container: text });
      io.stdout.write(`${text}\n`);
    }));
  },
});
