import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const attachCommand = command({
  name: "attach",
  summary: "See what a container says, and talk to it",
  description:
    "Joins the standard streams of this command to a container that runs in the background: what it says from now on, and what is typed where " +
    "it was made with -i. Ctrl-P Ctrl-Q leaves a container with a terminal (-t) again. The exit status is that of the container.",
  usage: "[OPTIONS] CONTAINER",
  flags: flagTable({
    "no-stdin": { kind: "switch", help: "Only show what it says" },
    "sig-proxy": { kind: "text", value: "true|false", help: "Whether signals are passed on to the container; without, they leave it", choices: ["true", "false"], default: "true" },
    "detach-keys": { kind: "text", value: "KEYS", help: "What leaves it, ctrl-p,ctrl-q where not given" },
  }),
  examples: [{ title: "A shell that waits in the background", line: "sampan run -dit --name box alpine sh && sampan attach box" }],
  positionals: { min: 1, max: 1 },
  usageStatus: 125,
  async run({ flags, positionals, io, signal }) {
    const { attachToContainer } = await import("../containers/attach-to-container.ts");
    return await withStore((store) => attachToContainer(store, store.containers.find(positionals[0]!), {
      io, signal, stdin: !flags["no-stdin"], output: true, passSignals: flags["sig-proxy"] === "true", detachKeys: flags["detach-keys"],
    }));
  },
});
