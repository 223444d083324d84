import { command } from "../command.ts";
import { containerFlags } from "../run/run-flags.ts";
import { withStore } from "../with-store.ts";

export const createCommand = command({
  name: "create",
  summary: "Make a container of an image, for `start` to run it",
  description: "Does what `sampan run` does, but for running the command, and prints the container's id.",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  flags: containerFlags,
  positionals: { min: 1, max: Infinity },
  interspersed: false,
  async run(call) {
    const { createContainer } = await import("../run/create-container.ts");
    await withStore(async (store) => {
      const { id } = await createContainer(store, call);
      store.containers.release(id);
      call.io.stdout.write(`${id}\n`);
    });
  },
});
