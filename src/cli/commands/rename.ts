import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const renameCommand = command({
  name: "rename",
  summary: "Give a container another name",
  usage: "CONTAINER NAME",
  flags: flagTable({}),
  positionals: { min: 2, max: 2 },
  async run({ positionals }) {
    const { checkName } = await import("../containers/check-name.ts");
    const [text = "", name = ""] = positionals;
    checkName(name);
    await withStore(async (store) => store.containers.rename(store.containers.find(text).id, name.replace(/^\//, "")));
  },
});
