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
    const [{ parseSignal }, { askSupervisor }, { killContainer }, { fault }, { isUp }] = await Promise.all([
      import("../flags/parse-signal.ts"), import("../../container/control.ts"), import("../containers/stop-container.ts"), import("../../std/fault.ts"), import("../../store/container-record.ts"),
    ]);
    const number = parseSignal(flags.signal, "-s, --signal");
    return await withStore((store) => forEach(positionals, io, async (text) => {
      const record = store.containers.find(text);
      if (!isUp(record.state)) throw fault("CONTAINER_NOT_RUNNING", { container: text });
      if (number === 9) await killContainer(store, record, { signal });
      else if (!askSupervisor(store.containers.folder(record.id), "kill", number)) throw fault("CONTAINER_NOT_RUNNING", { container: text });
      io.stdout.write(`${text}\n`);
    }));
  },
});
