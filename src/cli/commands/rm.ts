import { command } from "../command.ts";
import { forEach } from "../each.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const rmCommand = command({
  name: "rm",
  summary: "Remove containers",
  description: "Removes containers with what they have written and their logs.",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  flags: flagTable({
    force: { kind: "switch", short: "f", help: "Kill containers that run; do not mind containers that are not there" },
    volumes: { kind: "switch", short: "v", help: "Accepted for Docker's sake: containers have no volumes of their own" },
    link: { kind: "switch", short: "l", help: "", refused: "" },
  }),
  examples: [{ title: "Whether it runs or not", line: "sampan rm -f web" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ killContainer }, { fault, isFault }] = await Promise.all([import("../containers/stop-container.ts"), import("../../std/fault.ts")]);
    return await withStore((store) => forEach(positionals, io, async (text) => {
      try {
        const record = store.containers.find(text);
        if (flags.force && (record.state === "running" || record.supervisor !== undefined)) await killContainer(store, record, { signal });
        const removed = await store.containers.remove(record.id);
        if (!removed && store.containers.get(record.id) !== undefined) throw fault("CONTAINER_RUNNING", { container: text, wanted: "removed" });
        io.stdout.write(`${text}\n`);
      } catch (error) {
        // An empty name is a variable without a value, and no container that has gone already.
        if (!flags.force || text === "" || !isFault(error, "CONTAINER_NOT_FOUND")) throw error;
      }
    }));
  },
});
