import { command } from "../command.ts";
import { execFlags } from "../containers/exec-flags.ts";
import { withStore } from "../with-store.ts";

export const execCommand = command({
  name: "exec",
  summary: "Run a further command in a container that runs",
  description:
    "The command gets the environment, user, working directory, capabilities and limits of the container. The exit status is that " +
    "of the command; 126 when it cannot be executed or -u names nobody, 127 when it is not in the container.",
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  flags: execFlags,
  examples: [{ title: "A shell", line: "sampan exec -it web sh" }],
  positionals: { min: 2, max: Infinity },
  interspersed: false,
  usageStatus: 125,
  async run(call) {
    const { flags, positionals, io } = call;
    const [{ execInContainer }, { enterBeside }, { storeRoot }, { fault }] = await Promise.all([
      import("../containers/exec-in-container.ts"), import("../../container/enter-beside.ts"), import("../../store/store-root.ts"), import("../../std/fault.ts"),
    ]);
    if (!flags.detach && flags.tty && flags.interactive && !process.stdin.isTTY) throw fault("NO_TERMINAL", { what: "-it", hint: "leave -t away: `-i` alone reads standard input" });
    enterBeside(storeRoot(io.env), positionals[0]!);
    return await withStore((store) => execInContainer(store, call));
  },
});
