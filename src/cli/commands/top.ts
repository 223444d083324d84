import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const topCommand = command({
  name: "top",
  summary: "List the processes of a container",
  description: "Lists them with this machine's ps, so with the numbers and users that they have outside of the container. Options behind the name are for ps, -ef where there are none.",
  usage: "CONTAINER [PS OPTIONS]",
  flags: flagTable({}),
  examples: [{ title: "How much memory each has", line: "sampan top web -o pid,rss,args" }],
  positionals: { min: 1, max: Infinity },
  interspersed: false,
  async run({ positionals, io }) {
    const [{ listProcesses }, { enterBeside }, { storeRoot }] = await Promise.all([
      import("../containers/list-processes.ts"), import("../../container/enter-beside.ts"), import("../../store/store-root.ts"),
    ]);
    const [text = "", ...options] = positionals;
    enterBeside(storeRoot(io.env), text);
    io.stdout.write(await withStore(async (store) => listProcesses(store.containers.find(text), options)));
  },
});
