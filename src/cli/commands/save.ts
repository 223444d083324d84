import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const saveCommand = command({
  name: "save",
  summary: "Write images to a tar archive",
  description:
    "Writes what `docker save` writes: an OCI layout with Docker's manifest.json beside it, which docker, podman and skopeo " +
    "load. By a name the archive gets this name of the image, by one without a tag all tags of the repository, by an id none. An index of several platforms is written with all that is here of it.",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  flags: flagTable({
    output: { kind: "text", short: "o", value: "FILE", help: "Write to a file instead of standard output" },
    platform: { kind: "text", value: "OS/ARCH", help: "Save the image of this platform alone, without the index" },
  }),
  examples: [{ title: "Carry an image to another machine", line: "sampan save app:1.0 | ssh host docker load" }],
  positionals: { min: 1, max: Infinity },
  async run({ flags, positionals, io, signal }) {
    const [{ saveImages }, { parsePlatform }, { fault }] = await Promise.all([import("../images/save-images.ts"), import("../../oci/platform.ts"), import("../../std/fault.ts")]);
    // Docker takes an empty name for none.
    const output = flags.output || undefined;
    if (output !== undefined && output !== "-" && statSync(resolve(io.cwd, output), { throwIfNoEntry: false })?.isDirectory()) {
      throw fault("OUTPUT_INVALID", { problem: `${output} is a folder`, hint: `name a file: -o ${join(output, "image.tar")}` });
    }
    if (output === undefined && io.stdout.isTTY) {
      throw fault("USAGE", { problem: "cowardly refusing to save to a terminal", hint: "use the -o flag or redirect" });
    }
    await withStore(async (store) => saveImages(store, positionals, {
      dest: output ?? "-", platform: flags.platform === undefined ? undefined : parsePlatform(flags.platform), cwd: io.cwd, signal,
    }));
  },
});
