import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const portCommand = command({
  name: "port",
  summary: "Show at which ports of this machine a container is reached",
  usage: "CONTAINER [PORT[/PROTOCOL]]",
  flags: flagTable({}),
  positionals: { min: 1, max: 2 },
  async run({ positionals, io }) {
    const [{ hostAddress }, { fault }] = await Promise.all([import("../containers/container-state.ts"), import("../../std/fault.ts")]);
    const [text = "", wanted] = positionals;
    const ports = await withStore(async (store) => store.containers.find(text).running?.ports ?? []);
    const key = wanted === undefined || wanted.includes("/") ? wanted : `${wanted}/tcp`;
    const shown = ports.filter(({ container, protocol }) => key === undefined || `${container}/${protocol}` === key);
    if (key !== undefined && shown.length === 0) throw fault("PORT_NOT_PUBLISHED", { port: key, container: text });
    for (const port of shown) io.stdout.write(key === undefined ? `${port.container}/${port.protocol} -> ${hostAddress(port)}\n` : `${hostAddress(port)}\n`);
  },
});
