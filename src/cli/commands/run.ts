import { command } from "../command.ts";
import { runFlags } from "../run/run-flags.ts";
import { withStore } from "../with-store.ts";

export const runCommand = command({
  name: "run",
  summary: "Run a command in a new container of an image",
  description:
    "Runs the image's command, or the one behind its name, in a container with Docker's default rights: in the foreground, or with -d " +
    "under a small process of its own in the background. The image is pulled when it is not here. The container stays when " +
    "it has ended, with what it wrote, until `sampan rm` removes it; with --rm it goes at once.\n\n" +
    "The exit status is that of the command; 125 when the container could not be set up, 126 when the command cannot be " +
    "executed, 127 when it is not in the image.",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  flags: runFlags,
  examples: [
    { title: "A shell", line: "sampan run --rm -it alpine sh" },
    { title: "A tool upon this folder", line: "sampan run --rm -v .:/src -w /src -u $(id -u):$(id -g) node:24 npm test" },
    { title: "A server in the background, at port 8080 of this machine", line: "sampan run -d --name web -p 127.0.0.1:8080:80 nginx" },
  ],
  positionals: { min: 1, max: Infinity },
  interspersed: false,
  failureStatus: 125,
  usageStatus: 125,
  async run(call) {
    const { flags, io, signal } = call;
    if (!flags.detach && flags.tty && flags.interactive && !process.stdin.isTTY) {
      const { fault } = await import("../../std/fault.ts");
      throw fault("NO_TERMINAL", { what: "-it", hint: "leave -t away: `-i` alone reads standard input" });
    }
    const [{ createContainer }, background, foreground] = await Promise.all([
      import("../run/create-container.ts"),
      flags.detach ? import("../../container/start-detached.ts") : undefined,
      flags.detach ? undefined : import("../run/run-container.ts"),
    ]);
    return await withStore(async (store) => {
      const record = await createContainer(store, call);
      if (foreground) return await foreground.runContainer(store, record, { io, signal, stdin: flags.interactive });
      // Before it is started, as docker does: who asked for it has to remove it, also where it cannot be started.
      io.stdout.write(`${record.id}\n`);
      await background!.startDetached(store.root, record.id);
      return 0;
    });
  },
});
