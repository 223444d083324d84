import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const saveCommand = command({
  name: "save",
  summary: "Write images to a tar archive",
  description:
    "Writes what `docker save` writes: an OCI layout with Docker's manifest.json beside it, which docker, podman and skopeo " +
    "load. By a name the archive gets this name of the image, by an id none.",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  flags: flagTable({
    output: { kind: "text", short: "o", value: "FILE", help: "Write to a file instead of standard output" },
    platform: { kind: "list", help: "", refused: "the store holds one platform of an image" },
  }),
  examples: [{ title: "Carry an image to another machine", line: "sampan save app:1.0 | ssh host docker load" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ saveImages }, { fault }] = await Promise.all([import("../images/save-images.ts"), import("../../std/fault.ts")]);
    if (flags.output === undefined && io.stdout.isTTY) {
      throw fault("USAGE", { problem: "cowardly refusing to save to a terminal", hint: "use the -o flag or redirect" });
    }
    await withStore(async (store) => saveImages(store, positionals, { dest: flags.output ?? "-", cwd: io.cwd, signal }));
  },
});
