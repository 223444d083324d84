import { command } from "../command.ts";
import { registryAccess } from "../flags/registry-flags.ts";
import { runFlags } from "../run/run-flags.ts";
import { withStore } from "../with-store.ts";

export const runCommand = command({
  name: "run",
  summary: "Run a command in a new container of an image",
  description:
    "Runs the image's command, or the one behind its name, in the foreground, in a container with Docker's default rights. " +
    "The image is pulled when it is not here. What the container writes is thrown away with it.\n\n" +
    "The exit status is that of the command; 125 when the container could not be set up, 126 when the command cannot be " +
    "executed, 127 when it is not in the image.",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  flags: runFlags,
  examples: [
    { title: "A shell", line: "sampan run --rm -it alpine sh" },
    { title: "A tool upon this folder", line: "sampan run --rm -v .:/src -w /src -u $(id -u):$(id -g) node:24 npm test" },
  ],
  positionals: { min: 1, max: Infinity },
  interspersed: false,
  failureStatus: 125,
  async run(call) {
    const { flags, positionals, io, signal } = call;
    const [{ containerArgs }, { containerJob }, { findOrPull }, { runContainer }, { materializeImage }, { lazyClient }, { registryHosts }, { insideUserNamespace }, { fault }] = await Promise.all([
      import("../run/container-command.ts"), import("../run/container-job.ts"), import("../run/find-or-pull.ts"), import("../run/run-container.ts"),
      import("../../build/image-layers.ts"), import("../../build/lazy-client.ts"), import("../registry-host.ts"), import("../../linux/user-namespace.ts"), import("../../std/fault.ts"),
    ]);
    if (flags.tty && flags.interactive && !process.stdin.isTTY) throw fault("NO_TERMINAL", { what: "-it", hint: "leave -t away: `-i` alone reads standard input" });
    const [image = "", ...words] = positionals;
    return await withStore(async (store) => {
      const access = await registryAccess(flags, registryHosts([image]), { io, signal });
      await using client = lazyClient(access);
      await checkPlatform(flags.platform);
      const record = await findOrPull(store, image, { when: flags.pull, quiet: flags.quiet, access, io, signal });
      const args = containerArgs(record.config.config ?? {}, words, flags.entrypoint);
      const job = containerJob(call, record.config.config ?? {}, args);
      const snapshot = await materializeImage(store, record, {
        client: client.get, recordOwners: insideUserNamespace()?.mapped === "one", stepId: "run", onProgress: () => {}, signal,
      });
      const result = await runContainer(store, snapshot, job, { runtime: flags.runtime, io, signal });
      if (result.failure === undefined) return result.exitCode;
      throw fault(result.failure === "notFound" ? "COMMAND_NOT_FOUND" : "COMMAND_NOT_EXECUTABLE", { command: args[0]!, problem: result.message ?? "" });
    });
  },
});

async function checkPlatform(written: string | undefined): Promise<void> {
  if (written === undefined) return;
  const [{ formatPlatform, hostPlatform, parsePlatform, platformMatches }, { fault }] = await Promise.all([import("../../oci/platform.ts"), import("../../std/fault.ts")]);
  const host = hostPlatform(process.arch);
  const wanted = parsePlatform(written, host);
  if (!platformMatches(host, wanted)) throw fault("NOT_SUPPORTED", { feature: `running images for ${formatPlatform(wanted)} on ${formatPlatform(host)}` });
}
