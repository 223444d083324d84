import { command } from "../command.ts";
import { flagTable } from "../flags/flag.ts";
import { withStore } from "../with-store.ts";

export const imageCpCommand = command({
  name: "image cp",
  summary: "Copy files out of an image, without a container",
  description:
    "Copies a file or folder of an image to the host, by the rules of `docker cp`: into a folder that exists, else under the name of the " +
    "destination; a source that ends in `/.` means what is in the folder. `-` writes a tar archive to standard output. Symlinks of the " +
    "image are copied as they are and never lead out of it.",
  usage: "[OPTIONS] IMAGE:SRC_PATH DEST_PATH | -",
  flags: flagTable({
    archive: { kind: "switch", short: "a", help: "Keep owners; without it everything belongs to the caller" },
    "follow-link": { kind: "switch", short: "L", help: "Copy what a symlink in SRC_PATH leads to" },
    platform: { kind: "text", value: "OS/ARCH", help: "Platform of an index; by default the machine's own" },
    quiet: { kind: "switch", short: "q", help: "Accepted for Docker's sake: nothing is printed" },
  }),
  examples: [
    { title: "A file", line: "sampan image cp app:1.0:/etc/os-release ." },
    { title: "The whole file system", line: "sampan image cp app:1.0:/ - | tar -tv" },
  ],
  positionals: { min: 2, max: 2 },
  async run({ flags, positionals, io, signal }) {
    const [{ copyToHost, copyToStream }, { unpackedLayers }, { parsePlatform }, { fault }] = await Promise.all([
      import("../images/copy-from-image.ts"), import("../images/unpacked-layers.ts"), import("../../oci/platform.ts"), import("../../std/fault.ts"),
    ]);
    const [from = "", to = ""] = positionals;
    const cut = from.indexOf(":/");
    if (cut <= 0) throw fault("USAGE", { problem: `${JSON.stringify(from)} names no path of an image`, hint: "it looks like IMAGE:/PATH, app:1.0:/etc/passwd; nothing can be copied into an image" });
    if (to === "-" && io.stdout.isTTY) throw fault("USAGE", { problem: "refusing to write an archive to a terminal", hint: "redirect it, or name a destination" });
    if (to === "") throw fault("USAGE", { problem: "the destination is empty" });
    // As docker tells a container from a path: that begins with a dot or a slash.
    if (/^[^./].*:\//.test(to)) throw fault("USAGE", { problem: `${JSON.stringify(to)} is a path of an image, and nothing can be copied into one`, hint: `a folder of that name is written ./${to}; a Dockerfile with COPY makes another image` });
    const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
    await withStore(async (store) => {
      const image = from.slice(0, cut);
      const { layers } = await unpackedLayers(store, store.images.find(image, platform), { signal });
      const source = { layers, path: from.slice(cut + 1), image, follow: flags["follow-link"], command: "image cp" as const };
      if (to === "-") await copyToStream(source, io.stdout, { signal });
      else await copyToHost(source, to, { cwd: io.cwd, owners: flags.archive, signal });
    });
  },
});
